/**
 * How long a first answer takes when nothing is compiled yet: from the model's first byte to its
 * first token, with kernels compiled while the model loads, or only when it has.
 */
import { loadModel, type LoadOptions, type Place } from './loadModel.ts';

export interface FirstTokenCommand extends LoadOptions {
  type: 'first-token';
  promptTokens: number;
  compiles: 'while-loading' | 'after-loading';
}

export interface FirstToken {
  load_ms: number;
  first_token_ms: number;
}

/** Until the returned function is called, the device compiles nothing. */
function holdPipelines(device: GPUDevice): () => void {
  let release: () => void = () => undefined;
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  const compile = device.createComputePipelineAsync.bind(device);
  device.createComputePipelineAsync = async (descriptor) => {
    await released;
    return compile(descriptor);
  };
  return release;
}

export async function measureFirstToken(
  place: Place,
  command: FirstTokenCommand,
): Promise<FirstToken> {
  if (!place.device) throw new Error('only WebGPU compiles kernels');
  const isHeld = command.compiles === 'after-loading';
  const release = isHeld ? holdPipelines(place.device.device) : () => undefined;
  const start = performance.now();
  let load_ms = 0;
  const onLoaded = () => {
    load_ms = performance.now() - start;
    release();
  };
  const { core } = await loadModel(place, { ...command, onLoaded });
  core.call('generation.start', {
    prompt_ids: Array.from({ length: command.promptTokens }, (_, index) => index),
    max_tokens: 1,
    ignore_end: true,
    ...{ temperature: 0, top_k: 0, top_p: 1, min_p: 0, repetition_penalty: 1, seed: 0, stop: [] },
  });
  for (;;) {
    const step = core.call('generation.step', {});
    if (step.phase === 'token') break;
    if (step.phase === 'waiting') await core.arrival();
  }
  const first_token_ms = performance.now() - start;
  core.release();
  return { load_ms, first_token_ms };
}
