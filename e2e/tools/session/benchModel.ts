/**
 * Prefill and decode speed: medians of several runs after a warm-up, as `tessera bench` measures
 * natively.
 */
import type { WasmRuntime } from '../../../web/src/runtime/wasmRuntime.ts';
import { loadModel, type LoadOptions } from './loadModel.ts';

export interface BenchCommand extends LoadOptions {
  type: 'bench';
  promptTokens: number;
  tokens: number;
  runs: number;
}

export interface RunSpeed {
  prefill_tokens_per_s: number;
  decode_tokens_per_s: number;
}

/** The medians, and every run that they are of. */
export interface Speed extends RunSpeed {
  runs: RunSpeed[];
}

const greedy = {
  temperature: 0,
  top_k: 0,
  top_p: 1,
  min_p: 0,
  repetition_penalty: 1,
  seed: 0,
  stop: [],
};

export function median(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

/**
 * Ids by a linear congruential generator; each run begins with another id, so that nothing is
 * cached.
 */
function promptIds(run: number, count: number, vocabularySize: number): number[] {
  let state = run + 1;
  const ids = Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state >>> 8) % vocabularySize;
  });
  ids[0] = run % vocabularySize;
  return ids;
}

function measureOnce(runtime: WasmRuntime, model: number, ids: number[], tokens: number): RunSpeed {
  runtime.call('generation.start', {
    model,
    prompt_ids: ids,
    max_tokens: tokens + 1, // the first token needs no forward pass of its own
    ignore_end: true,
    ...greedy,
  });
  let finished = false;
  while (!finished) {
    const step = runtime.call('generation.step', { model });
    finished = step.phase === 'token' && step.finish_reason !== null;
  }
  const timings = runtime.call('generation.timings', { model });
  return {
    prefill_tokens_per_s: (timings.prompt_tokens / timings.prefill_ms) * 1e3,
    decode_tokens_per_s: (timings.tokens / timings.decode_ms) * 1e3,
  };
}

export async function benchModel(runtime: WasmRuntime, command: BenchCommand): Promise<Speed> {
  const model = await loadModel(runtime, command);
  const speeds: RunSpeed[] = [];
  for (let run = 0; run <= command.runs; run++) {
    const ids = promptIds(run, command.promptTokens, model.vocabularySize);
    const speed = measureOnce(runtime, model.id, ids, command.tokens);
    if (run > 0) speeds.push(speed); // the first is a warm-up
  }
  return {
    prefill_tokens_per_s: median(speeds.map((speed) => speed.prefill_tokens_per_s)),
    decode_tokens_per_s: median(speeds.map((speed) => speed.decode_tokens_per_s)),
    runs: speeds,
  };
}
