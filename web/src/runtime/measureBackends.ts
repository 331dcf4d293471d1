// How fast each backend decodes, by a short measurement with a small model of zeros.
import type { Clock } from '../clock.ts';
import type { KvType } from '../engine/kvType.ts';
import type { AcquiredDevice } from '../gpu/device.ts';
import { TesseraError } from '../tesseraError.ts';
import type { BackendMeasurement } from './measurementStore.ts';
import { ModelCore } from './modelCore.ts';
import { measuredSize, syntheticManifest } from './syntheticModel.ts';
import type { WasmModelOptions } from './wasmMethods.ts';
import type { WasmRuntime } from './wasmRuntime.ts';

export interface MeasureOptions {
  device: AcquiredDevice;
  threads: number;
  activations: 'f32' | 'int8';
  kvType: KvType;
  clock: Clock;
  yieldToEvents: () => Promise<void>;
}

// The first tokens wait for kernels to be compiled and memory to be touched.
const kWarmUpTokens = 4;
const kTokensMax = 100;
const kMeasureMs = 100;
// A backend that has not come this far by then is not the faster one.
const kPatienceMs = 2000;
const kBudgetBytes = 64 * 2 ** 20;

// Errors: the device's, where the GPU fails; the core's.
export async function measureBackends(
  runtime: WasmRuntime,
  options: MeasureOptions,
): Promise<BackendMeasurement> {
  const wasmTokensPerSecond = await measure(runtime, options, null);
  const webgpuTokensPerSecond = await measure(runtime, options, options.device);
  return { wasmTokensPerSecond, webgpuTokensPerSecond };
}

async function measure(
  runtime: WasmRuntime,
  options: MeasureOptions,
  device: AcquiredDevice | null,
): Promise<number> {
  const { threads, activations, kvType } = options;
  const coreOptions: WasmModelOptions = {
    threads,
    activations,
    kv_type: kvType,
    memory_budget_bytes: kBudgetBytes,
  };
  const manifest = syntheticManifest(measuredSize);
  const core = await ModelCore.create(runtime, { manifest, options: coreOptions, device });
  try {
    await core.finishShard(0);
    await core.compiled();
    return await decode(core, options);
  } finally {
    core.release();
  }
}

async function decode(core: ModelCore, { clock, yieldToEvents }: MeasureOptions): Promise<number> {
  const begunMs = clock.now();
  let startMs = begunMs;
  let tokens = 0;
  core.call('generation.start', {
    prompt_ids: [1],
    max_tokens: kTokensMax,
    temperature: 0,
    top_k: 0,
    top_p: 1,
    min_p: 0,
    repetition_penalty: 1,
    seed: 0,
    stop: [],
    ignore_end: true,
  });
  const measuredTokens = () => Math.max(0, tokens - kWarmUpTokens);
  for (;;) {
    await yieldToEvents();
    const step = core.call('generation.step', {});
    if (clock.now() - begunMs > kPatienceMs) break;
    if (step.phase === 'waiting' && !(await arrives(core, clock, begunMs))) break;
    if (step.phase !== 'token') continue;
    tokens += 1;
    if (tokens === kWarmUpTokens) startMs = clock.now();
    if (step.finish_reason !== null) break;
    if (measuredTokens() > 0 && clock.now() - startMs >= kMeasureMs) break;
  }
  const elapsedMs = clock.now() - startMs;
  core.call('generation.cancel', {});
  return elapsedMs > 0 ? (measuredTokens() * 1000) / elapsedMs : 0;
}

// False if patience ends first.
async function arrives(core: ModelCore, clock: Clock, begunMs: number): Promise<boolean> {
  let cancelAlarm: () => void = () => undefined;
  const patienceEnds = new Promise<boolean>((resolve) => {
    const leftMs = kPatienceMs - (clock.now() - begunMs);
    cancelAlarm = clock.after(Math.max(0, leftMs), () => resolve(false));
  });
  try {
    return await Promise.race([core.arrival().then(() => true), patienceEnds]);
  } finally {
    cancelAlarm();
  }
}

// The sentence for a person, and the faster one.
export function judge(
  { wasmTokensPerSecond: wasm, webgpuTokensPerSecond: webgpu }: BackendMeasurement,
  adapterName: string,
): { backend: 'wasm' | 'webgpu'; sentence: string } {
  const onGpu = `WebGPU on “${adapterName}”`;
  if (!Number.isFinite(wasm) || !Number.isFinite(webgpu)) {
    throw new TesseraError('internal', 'The measurement gave no number.');
  }
  const [backend, faster, slower] =
    webgpu > wasm
      ? (['webgpu', [onGpu, webgpu], ['Wasm', wasm]] as const)
      : (['wasm', ['Wasm', wasm], [onGpu, webgpu]] as const);
  const sentence =
    `The model runs on ${faster[0]}, the faster one: it makes ${round(faster[1])} tokens a second ` +
    `of a small test model, ${slower[0]} ${round(slower[1])}.`;
  return { backend, sentence };
}

function round(tokensPerSecond: number): string {
  return tokensPerSecond < 10 ? tokensPerSecond.toFixed(1) : tokensPerSecond.toFixed(0);
}
