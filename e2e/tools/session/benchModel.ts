/**
 * Prefill and decode speed: medians of several runs after a warm-up, as `tessera bench` measures
 * natively.
 */
import { Profiler, type KernelTime } from '../../../web/src/gpu/profiler.ts';
import type { ModelCore } from '../../../web/src/runtime/modelCore.ts';
import { median } from './median.ts';
import { loadModel, type LoadOptions, type Place } from './loadModel.ts';

export interface BenchCommand extends LoadOptions {
  type: 'bench';
  promptTokens: number;
  tokens: number;
  runs: number;
  /** `naive`: run a token, wait for its logits, choose the next one here, and so on. */
  loop: 'pipelined' | 'naive';
}

export interface KernelShare {
  label: string;
  dispatches: number;
  total_us: number;
}

export interface RunSpeed {
  prefill_tokens_per_s: number;
  decode_tokens_per_s: number;
}

/** The medians, and every run that they are of. */
export interface Speed extends RunSpeed {
  runs: RunSpeed[];
  /** On WebGPU: of one decode step. */
  dispatches_per_step?: number;
  /** Of one more run, prefill and decode together, where the adapter has a clock. */
  kernels?: KernelShare[];
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

function likeliest(logits: Float32Array): number {
  let best = 0;
  for (let id = 1; id < logits.length; id++) {
    if ((logits[id] ?? 0) > (logits[best] ?? 0)) best = id;
  }
  return best;
}

/** What a loop without the runtime's own would do; the prompt is run as the other runs it. */
async function measureNaively(core: ModelCore, ids: number[], tokens: number): Promise<RunSpeed> {
  const { prefill_tokens_per_s, ids: answer } = await measurePipelined(core, ids, 0);
  const known = [...ids, ...answer];
  const start = performance.now();
  for (let token = 0; token < tokens; token++) {
    const { values } = await core.forward(known.slice(-1), known.length - 1);
    known.push(likeliest(values));
  }
  const decode_tokens_per_s = (tokens / (performance.now() - start)) * 1e3;
  return { prefill_tokens_per_s, decode_tokens_per_s };
}

/** By the caller's clock, from the start to the first token and from there to the last. */
async function measurePipelined(
  core: ModelCore,
  ids: number[],
  tokens: number,
): Promise<RunSpeed & { ids: number[] }> {
  const answer: number[] = [];
  const start = performance.now();
  let first = start;
  core.call('generation.start', {
    prompt_ids: ids,
    max_tokens: tokens + 1, // the first token needs no forward pass of its own
    ignore_end: true,
    ...greedy,
  });
  let finished = false;
  while (!finished) {
    const step = core.call('generation.step', {});
    if (step.phase === 'waiting') await core.arrival();
    if (step.phase !== 'token') continue;
    answer.push(step.id);
    if (answer.length === 1) first = performance.now();
    finished = step.finish_reason !== null;
  }
  return {
    prefill_tokens_per_s: (ids.length / (first - start)) * 1e3,
    decode_tokens_per_s: (tokens / (performance.now() - first)) * 1e3,
    ids: answer,
  };
}

const kCountedSteps = 4;

function shareOf({ label, dispatches, totalUs }: KernelTime): KernelShare {
  return { label, dispatches, total_us: Math.round(totalUs * 10) / 10 };
}

/** GPUs lower their clocks when they wait, and take about a second of work to raise them again. */
const kGpuWarmUpMs = 1500;

export async function benchModel(place: Place, command: BenchCommand): Promise<Speed> {
  const profiler = place.device?.hasTimestamps ? new Profiler(place.device.device) : undefined;
  if (profiler) profiler.isOn = false;
  const { core, vocabularySize } = await loadModel({ ...place, profiler }, command);
  const profile = async () => {
    if (!profiler) return [];
    profiler.isOn = true;
    const ids = promptIds(command.runs + 1, command.promptTokens, vocabularySize);
    await measurePipelined(core, ids, command.tokens);
    return (await profiler.take()).map(shareOf);
  };
  // A prompt that the first run leaves in the cache takes the same in both others, whatever chunks
  // it would else be cut into.
  const countDispatches = async () => {
    const ids = promptIds(command.runs + 2, command.promptTokens, vocabularySize);
    await measurePipelined(core, ids, 1);
    const counts: number[] = [];
    for (const tokens of [1, 1 + kCountedSteps]) {
      const before = core.dispatchCount;
      await measurePipelined(core, ids, tokens);
      counts.push(core.dispatchCount - before);
    }
    const [few = 0, many = 0] = counts;
    return (many - few) / kCountedSteps;
  };
  const measure = (run: number) => {
    const ids = promptIds(run, command.promptTokens, vocabularySize);
    return (command.loop === 'naive' ? measureNaively : measurePipelined)(
      core,
      ids,
      command.tokens,
    );
  };
  // At least once, and with prompts that are not measured.
  const warmUntil = performance.now() + (place.device ? kGpuWarmUpMs : 0);
  let warmRun = 0;
  do {
    await measure(1000 + warmRun);
    warmRun += 1;
  } while (performance.now() < warmUntil);
  const speeds: RunSpeed[] = [];
  for (let run = 1; run <= command.runs; run++) {
    const { prefill_tokens_per_s, decode_tokens_per_s } = await measure(run);
    speeds.push({ prefill_tokens_per_s, decode_tokens_per_s });
  }
  return {
    prefill_tokens_per_s: median(speeds.map((speed) => speed.prefill_tokens_per_s)),
    decode_tokens_per_s: median(speeds.map((speed) => speed.decode_tokens_per_s)),
    ...(place.device ? { dispatches_per_step: await countDispatches() } : {}),
    ...(profiler ? { kernels: await profile() } : {}),
    runs: speeds,
  };
}
