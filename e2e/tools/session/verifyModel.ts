/** Runs a model on reference inputs and compares its logits with the reference outputs. */
import type { ModelCore } from '../../../web/src/runtime/modelCore.ts';
import { loadModel, type LoadOptions, type Place } from './loadModel.ts';
import { readSafetensors, type ReferenceTensor } from './safetensors.ts';

export interface VerifyCommand extends LoadOptions {
  type: 'verify';
  referenceUrl: string;
}

export interface VerifiedOutput {
  name: string;
  shape: number[];
  /** ‖ours − reference‖ / ‖reference‖ */
  relative_error: number;
}

/** In double precision; a NaN in either gives NaN, which no tolerance admits. */
export function relativeError(ours: ArrayLike<number>, reference: ArrayLike<number>): number {
  if (ours.length !== reference.length) return Number.NaN;
  let difference = 0;
  let norm = 0;
  for (let i = 0; i < reference.length; i++) {
    difference += ((ours[i] ?? 0) - (reference[i] ?? 0)) ** 2;
    norm += (reference[i] ?? 0) ** 2;
  }
  return Math.sqrt(difference) / Math.sqrt(norm);
}

function requireTensor(tensors: Map<string, ReferenceTensor>, name: string): ReferenceTensor {
  const tensor = tensors.get(name);
  if (!tensor) throw new Error(`reference.safetensors has no tensor ${name}`);
  return tensor;
}

/** Logits [batch, tokens, vocabulary] of ids [batch, tokens]; each row is a text of its own. */
async function forward(core: ModelCore, input: ReferenceTensor): Promise<Float32Array> {
  const [batch = 1, tokens = 0] = input.shape;
  const texts: Float32Array[] = [];
  for (let row = 0; row < batch; row++) {
    const ids = Array.from(input.values.subarray(row * tokens, (row + 1) * tokens));
    texts.push((await core.forward(ids)).values);
  }
  const logits = new Float32Array(texts.reduce((size, text) => size + text.length, 0));
  let position = 0;
  for (const text of texts) {
    logits.set(text, position);
    position += text.length;
  }
  return logits;
}

export async function verifyModel(place: Place, command: VerifyCommand): Promise<VerifiedOutput[]> {
  const response = await fetch(command.referenceUrl);
  if (!response.ok) throw new Error(`no reference.safetensors (status ${response.status})`);
  const tensors = readSafetensors(await response.arrayBuffer());
  const outputs = [...tensors.keys()].filter((name) => name.startsWith('out.'));
  const unknown = outputs.filter((name) => name !== 'out.logits');
  if (unknown.length > 0) throw new Error(`unsupported: this runtime has no ${unknown.join(', ')}`);
  const input = requireTensor(tensors, 'in.input_ids');
  const { core } = await loadModel(place, { ...command, contextTokensMax: input.shape[1] });
  const logits = await forward(core, input);
  const reference = requireTensor(tensors, 'out.logits');
  const error = relativeError(logits, reference.values);
  return [{ name: 'out.logits', shape: reference.shape, relative_error: error }];
}
