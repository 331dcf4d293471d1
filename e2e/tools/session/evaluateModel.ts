/**
 * Perplexity and top-1 accuracy over a text, by the protocol of `tessera evaluate`: windows that do
 * not overlap, each predicting its tokens 1..n from its tokens 0..n-1; against another package, how
 * far this one's distributions are from that one's.
 */
import type { ModelCore } from '../../../web/src/runtime/modelCore.ts';
import { loadModel, type LoadOptions, type Place } from './loadModel.ts';

export interface EvaluateCommand extends LoadOptions {
  type: 'evaluate';
  textUrl: string;
  /** Of another package of the same model. */
  againstUrl?: string | undefined;
  windowTokens: number;
  /** 0: all that fit. */
  windowsMax: number;
  /** Tokens that go through the model at once; 0: a window. One: as in decoding. */
  atOnce: number;
}

export interface DistributionComparison {
  /** KL(other ‖ this) over all positions, in nats. */
  kl_divergence_mean: number;
  kl_divergence_p99: number;
  top1_agreement: number;
}

export interface Evaluation {
  perplexity: number;
  top1_accuracy: number;
  windows: number;
  tokens: number;
  resident_bytes: number;
  kv_bytes_per_token: number;
  against?: DistributionComparison;
}

/** A row of logits: where its highest is, and log(sum(exp(logits))). */
interface Row {
  logits: Float32Array;
  best: number;
  logSum: number;
}

function readRow(logits: Float32Array): Row {
  let best = 0;
  let highest = -Infinity;
  for (const [id, logit] of logits.entries()) {
    if (logit > highest) [highest, best] = [logit, id];
  }
  let sum = 0;
  for (const logit of logits) sum += Math.exp(logit - highest);
  return { logits, best, logSum: Math.log(sum) + highest };
}

function divergence(ours: Row, other: Row): number {
  let sum = 0;
  for (const [id, logit] of other.logits.entries()) {
    const logProbability = logit - other.logSum;
    const ourLogProbability = (ours.logits[id] ?? 0) - ours.logSum;
    sum += Math.exp(logProbability) * (logProbability - ourLogProbability);
  }
  return Math.max(0, sum);
}

class Comparison {
  readonly #divergences: number[] = [];
  #agreements = 0;

  add(ours: Row, other: Row): void {
    this.#divergences.push(divergence(ours, other));
    if (ours.best === other.best) this.#agreements += 1;
  }

  result(): DistributionComparison {
    const sorted = this.#divergences.toSorted((a, b) => a - b);
    const total = sorted.reduce((sum, value) => sum + value, 0);
    return {
      kl_divergence_mean: total / sorted.length,
      kl_divergence_p99: sorted[Math.floor(0.99 * (sorted.length - 1))] ?? Number.NaN,
      top1_agreement: this.#agreements / sorted.length,
    };
  }
}

async function logitRows(
  core: ModelCore,
  ids: number[],
  atOnce: number,
): Promise<(position: number) => Row> {
  const parts: Float32Array[] = [];
  const step = atOnce > 0 ? atOnce : ids.length;
  for (let done = 0; done < ids.length; done += step) {
    const { columns, values } = await core.forward(ids.slice(done, done + step), done);
    for (let at = 0; at < values.length; at += columns)
      parts.push(values.subarray(at, at + columns));
  }
  return (position) => readRow(parts[position] ?? new Float32Array());
}

async function fetchText(url: string): Promise<string> {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url}: status ${response.status}`);
  return response.text();
}

function countWindows(tokens: number, { windowTokens, windowsMax }: EvaluateCommand): number {
  // The last token of a window predicts the one behind it.
  const fitting = Math.floor((tokens - 1) / windowTokens);
  if (fitting < 1) {
    const needed = `fewer than one window of ${windowTokens} and its next token`;
    throw new Error(`the text has ${tokens} tokens, ${needed}`);
  }
  return windowsMax > 0 ? Math.min(fitting, windowsMax) : fitting;
}

function memoryOf(core: ModelCore): Pick<Evaluation, 'resident_bytes' | 'kv_bytes_per_token'> {
  const memory = core.call('memory', {});
  const { kv_bytes_per_token } = memory;
  const resident_bytes = memory.weights_bytes + memory.kv_cache_bytes + memory.activations_bytes;
  return { resident_bytes, kv_bytes_per_token };
}

export async function evaluateModel(place: Place, command: EvaluateCommand): Promise<Evaluation> {
  const { windowTokens, againstUrl, atOnce } = command;
  const options = { ...command, contextTokensMax: windowTokens };
  const { core, vocabularySize } = await loadModel(place, options);
  const other =
    againstUrl === undefined
      ? null
      : await loadModel(place, { ...options, packageUrl: againstUrl });
  if (other && other.vocabularySize !== vocabularySize) {
    const sizes = `${vocabularySize} and ${other.vocabularySize}`;
    throw new Error(`the vocabularies differ (${sizes}); compare packages of the same model`);
  }
  const { ids } = core.call('tokenize', { text: await fetchText(command.textUrl), plain: true });
  const windows = countWindows(ids.length, command);
  const comparison = other ? new Comparison() : null;
  let loss = 0;
  let correct = 0;
  for (let window = 0; window < windows; window++) {
    const start = window * windowTokens;
    const inputs = ids.slice(start, start + windowTokens);
    const rowAt = await logitRows(core, inputs, atOnce);
    const otherRowAt = other ? await logitRows(other.core, inputs, atOnce) : null;
    for (let position = 0; position < windowTokens; position++) {
      const target = ids[start + position + 1] ?? 0;
      const row = rowAt(position);
      loss += row.logSum - (row.logits[target] ?? Number.NaN);
      if (row.best === target) correct += 1;
      if (otherRowAt) comparison?.add(row, otherRowAt(position));
    }
  }
  const tokens = windows * windowTokens;
  return {
    perplexity: Math.exp(loss / tokens),
    top1_accuracy: correct / tokens,
    windows,
    tokens,
    ...memoryOf(core),
    ...(comparison ? { against: comparison.result() } : {}),
  };
}
