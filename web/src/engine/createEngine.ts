// Loads a model into a worker of this tab.
import { chooseBuild, withBackend } from '../capabilities/builds.ts';
import { detectFeatures } from '../capabilities/features.ts';
import type { CapabilityReport } from '../capabilities/report.ts';
import { systemClock, type Clock } from '../clock.ts';
import { openBrowserSocket, type OpenSocket } from '../connection/socket.ts';
import type { RpcPort } from '../runtime/rpc/messages.ts';
import { TesseraError, throwIfAborted } from '../tesseraError.ts';
import type { Engine, EngineOptions } from './engine.ts';
import { loadInWorker } from './loadInWorker.ts';
import { LocalEngine } from './localEngine.ts';

// A worker, or what stands in for one in a test or outside of a browser.
export interface WorkerHandle {
  port: RpcPort;
  // Told at most once: the worker broke and will answer no more.
  onFailure: (listener: (reason: string) => void) => void;
  terminate: () => void;
}

export interface EngineEnvironment {
  startWorker: () => WorkerHandle;
  detectFeatures: typeof detectFeatures;
  openSocket: OpenSocket;
  clock: Clock;
  // Where the server and the Wasm modules are, unless options say otherwise.
  baseUrl: () => string;
  wasmUrl: () => string;
}

const browserEnvironment: EngineEnvironment = {
  startWorker: startBrowserWorker,
  detectFeatures,
  openSocket: openBrowserSocket,
  clock: systemClock,
  baseUrl: () => globalThis.location.origin,
  wasmUrl: () => new URL(/* @vite-ignore */ '/wasm/', import.meta.url).href,
};

// Resolves when the model can answer. The caller owns the engine and disposes of it.
// Errors: "no_backend" with what this browser lacks, "model_not_found", "network",
// "shard_corrupted", "out_of_memory", "unsupported", "worker_failed", "cancelled".
export async function createEngine(
  options: EngineOptions,
  environment: EngineEnvironment = browserEnvironment,
): Promise<Engine> {
  throwIfAborted(options.signal);
  const capabilities =
    options.capabilities ?? chooseBuild(await environment.detectFeatures(), options);
  const { variant } = capabilities;
  if (variant === null) throw noBackend(capabilities);
  throwIfAborted(options.signal);

  const { model, apiKey } = options;
  const { startWorker, openSocket, clock } = environment;
  const baseUrl = options.baseUrl ?? environment.baseUrl();
  const inWorker = await loadInWorker({
    startWorker,
    clock,
    capabilities,
    parameters: {
      model,
      baseUrl,
      wasmUrl: environment.wasmUrl(),
      variant,
      threads: capabilities.threads,
      contextTokensMax: options.contextTokensMax,
      kvType: options.kvType ?? 'f16',
      activations: options.activations ?? 'int8',
      memoryBudgetBytes: options.memoryBudgetBytes ?? memoryBudget(capabilities),
      gpuMemoryBudgetBytes: options.memoryBudgetBytes ?? gpuMemoryBudget(capabilities),
      backend: options.backend,
      features: options.features,
      isTesting: options.isTesting ?? false,
      transport: options.transport ?? 'http',
      apiKey,
    },
    signal: options.signal,
    onProgress: options.onProgress,
  });
  const { backend, sentence } = inWorker.loaded;
  return new LocalEngine({
    ...inWorker,
    model,
    baseUrl,
    apiKey,
    openSocket,
    clock,
    capabilities: withBackend(inWorker.capabilities, backend, sentence),
    onNotice: options.onNotice,
  });
}

const kGib = 2 ** 30;
// Wasm memory ends at 4 GiB; the rest is for code, stacks and what loading needs.
const kBudgetBytesMax = 3.75 * kGib;
const kBudgetBytesUnknownDevice = 2 * kGib;

// Half of the device, where the browser says how much that is: the rest belongs to other tabs and
// programs.
function memoryBudget({ features }: CapabilityReport): number {
  if (features.deviceMemoryGib === null) return kBudgetBytesUnknownDevice;
  return Math.min(kBudgetBytesMax, (features.deviceMemoryGib / 2) * kGib);
}

// A graphics device does not say how much memory it has: this is what may be asked for until it
// refuses.
function gpuMemoryBudget({ features }: CapabilityReport): number {
  return features.deviceMemoryGib === null
    ? kBudgetBytesUnknownDevice
    : (features.deviceMemoryGib / 2) * kGib;
}

function noBackend({ builds }: CapabilityReport): TesseraError {
  const reasons = builds.map((build) => build.reason).join(' ');
  return new TesseraError('no_backend', `No build of the runtime can run here. ${reasons}`);
}

function startBrowserWorker(): WorkerHandle {
  const worker = new Worker(new URL('../runtime/worker.ts', import.meta.url), {
    type: 'module',
    name: 'tessera',
  });
  return {
    port: worker,
    onFailure: (listener) => {
      worker.addEventListener('error', (event) => listener(event.message || 'it cannot start'), {
        once: true,
      });
    },
    terminate: () => worker.terminate(),
  };
}
