// Brings a model from a server into a fresh Wasm module, or through it to a GPU.
import { systemClock, type Clock } from '../clock.ts';
import { openBrowserSocket, type OpenSocket } from '../connection/socket.ts';
import { isGpuError, kFallbackSentence } from '../gpu/errors.ts';
import { fetchManifest } from '../loading/fetchManifest.ts';
import { ProgressMeter } from '../loading/progressMeter.ts';
import { kRetryBackoff, kRetryFailuresMax, type RetryPolicy } from '../loading/retry.ts';
import { sha256, type Sha256 } from '../loading/sha256.ts';
import { openShardCache, type ShardCache } from '../loading/shardCache.ts';
import { TesseraError, throwIfAborted } from '../tesseraError.ts';
import { chooseBackend, type BackendChoice } from './chooseBackend.ts';
import { openMeasurementStore, type MeasurementStore } from './measurementStore.ts';
import { ModelHost } from './modelHost.ts';
import { ModelLoader } from './modelLoader.ts';
import { loadWasmModule, type WasmModule } from './wasmModule.ts';
import { WasmRuntime } from './wasmRuntime.ts';
import type { LoadEvent, LoadParameters } from './workerMethods.ts';
import { createYield } from './yieldToEvents.ts';

// What loading touches of the world outside; tests, and engines without a browser, bring their own.
export interface LoadEnvironment {
  fetch: typeof fetch;
  clock: Clock;
  sha256: Sha256;
  openCache: () => Promise<ShardCache | null>;
  openMeasurementStore: () => Promise<MeasurementStore | null>;
  openSocket: OpenSocket;
  gpu: () => GPU | undefined;
  loadWasmModule: (parameters: LoadParameters, onStarting: () => void) => Promise<WasmModule>;
  yieldToEvents: () => Promise<void>;
}

export function browserEnvironment(): LoadEnvironment {
  return {
    fetch: (...request) => globalThis.fetch(...request),
    clock: systemClock,
    sha256,
    openCache: () => openShardCache(),
    openMeasurementStore: () => openMeasurementStore(),
    openSocket: openBrowserSocket,
    gpu: () => (navigator as { gpu?: GPU }).gpu,
    loadWasmModule: ({ wasmUrl, variant, threads }, onStarting) =>
      loadWasmModule(wasmUrl, variant, threads, onStarting),
    yieldToEvents: createYield(),
  };
}

// A model that answers, and the sentence that says where it runs and why.
export interface HostedModel {
  host: ModelHost;
  sentence: string;
}

export async function loadModel(
  parameters: LoadParameters,
  environment: LoadEnvironment,
  signal: AbortSignal,
  emit: (event: LoadEvent) => void,
): Promise<HostedModel> {
  const meter = new ProgressMeter(environment.clock, (progress) => {
    emit({ type: 'progress', progress });
  });
  meter.enter('starting');
  const retry: RetryPolicy = {
    clock: environment.clock,
    backoff: kRetryBackoff,
    failuresMax: kRetryFailuresMax,
    onNotice: (notice) => meter.setNotice(notice),
  };
  const { baseUrl, model } = parameters;
  // Both come over the network and neither needs the other.
  const [manifest, module, cache] = await Promise.all([
    fetchManifest(baseUrl, model, environment.fetch, retry, signal),
    startModule(parameters, environment, emit),
    environment.openCache(),
  ]);
  throwIfAborted(signal);
  const runtime = new WasmRuntime(module);
  const choice = await chooseBackend(runtime, parameters, environment);
  throwIfAborted(signal);
  const loader = new ModelLoader({ runtime, manifest, cache, parameters, environment });
  const hosted = await loadWhereItFits(loader, choice, meter, signal);
  meter.enter('ready');
  const { sentence, ...loaded } = hosted;
  return { host: new ModelHost({ loader, parameters, environment, ...loaded }), sentence };
}

async function startModule(
  parameters: LoadParameters,
  environment: LoadEnvironment,
  emit: (event: LoadEvent) => void,
): Promise<WasmModule> {
  const module = await environment.loadWasmModule(parameters, () => {
    emit({ type: 'module', state: 'starting' });
  });
  emit({ type: 'module', state: 'started' });
  return module;
}

// What the device cannot hold or compile, Wasm may.
async function loadWhereItFits(
  loader: ModelLoader,
  { device, sentence }: BackendChoice,
  meter: ProgressMeter,
  signal: AbortSignal,
) {
  try {
    return { runtime: await loader.load(device, meter, signal), device, sentence };
  } catch (thrown) {
    const error = TesseraError.from(thrown);
    // A format or an op that no shader has yet is "unsupported"; if Wasm lacks it too, it says so.
    const mayFit = isGpuError(error) || error.code === 'unsupported';
    if (!device || !mayFit) throw error;
    device.device.destroy();
    meter.restart();
    const runtime = await loader.load(null, meter, signal);
    return { runtime, device: null, sentence: `${error.message} ${kFallbackSentence}` };
  }
}
