// Brings a model from a server into a fresh Wasm module.
import { systemClock, type Clock } from '../clock.ts';
import { ShardChannel } from '../connection/shardChannel.ts';
import { openBrowserSocket, type OpenSocket } from '../connection/socket.ts';
import { fetchManifest } from '../loading/fetchManifest.ts';
import { HttpShardSource } from '../loading/httpShardSource.ts';
import type { PackageManifest, Shard } from '../loading/manifest.ts';
import { ProgressMeter } from '../loading/progressMeter.ts';
import { kRetryBackoff, kRetryFailuresMax, type RetryPolicy } from '../loading/retry.ts';
import { sha256, type Sha256 } from '../loading/sha256.ts';
import { openShardCache, type ShardCache } from '../loading/shardCache.ts';
import { kShardsParallel, ShardLoader } from '../loading/shardLoader.ts';
import type { ShardSource } from '../loading/shardSource.ts';
import { TesseraError, throwIfAborted } from '../tesseraError.ts';
import { ModelRuntime } from './modelRuntime.ts';
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
  openSocket: OpenSocket;
  loadWasmModule: (parameters: LoadParameters, onStarting: () => void) => Promise<WasmModule>;
  yieldToEvents: () => Promise<void>;
}

export function browserEnvironment(): LoadEnvironment {
  return {
    fetch: (...request) => globalThis.fetch(...request),
    clock: systemClock,
    sha256,
    openCache: () => openShardCache(),
    openSocket: openBrowserSocket,
    loadWasmModule: ({ wasmUrl, variant, threads }, onStarting) =>
      loadWasmModule(wasmUrl, variant, threads, onStarting),
    yieldToEvents: createYield(),
  };
}

// A conversation shorter than this is of no use: memory that does not allow it does not allow the
// model.
const kContextTokensMin = 512;

export async function loadModel(
  parameters: LoadParameters,
  environment: LoadEnvironment,
  signal: AbortSignal,
  emit: (event: LoadEvent) => void,
): Promise<ModelRuntime> {
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
  const created = createModel(runtime, manifest, parameters);
  meter.expect(manifest.sizeBytes, manifest.shards.length);
  const source = openSource(parameters, environment, cache !== null);
  try {
    const destination = destinationOf(runtime, created.model);
    const loader = new ShardLoader({
      source,
      cache,
      destination,
      sha256: environment.sha256,
      meter,
      retry,
      parallel: kShardsParallel,
    });
    await loader.load(manifest.shards, signal);
  } finally {
    source.close();
  }
  meter.enter('ready');
  return new ModelRuntime(
    runtime,
    created.model,
    manifest,
    created.context_tokens_max,
    environment.yieldToEvents,
  );
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

// Where memory is short and nobody insists on a context, a shorter one is tried before giving up.
function createModel(runtime: WasmRuntime, manifest: PackageManifest, parameters: LoadParameters) {
  let contextTokensMax = parameters.contextTokensMax;
  for (;;) {
    try {
      return runtime.call('model.create', {
        manifest: manifest.text,
        options: {
          threads: parameters.threads,
          kv_type: parameters.kvType,
          ...(contextTokensMax === undefined ? {} : { context_tokens_max: contextTokensMax }),
          memory_budget_bytes: parameters.memoryBudgetBytes,
          activations: parameters.activations,
        },
      });
    } catch (thrown) {
      const error = TesseraError.from(thrown);
      const shorter = Math.floor((contextTokensMax ?? kContextTokensFirst) / 2);
      const mayShorten = parameters.contextTokensMax === undefined && shorter >= kContextTokensMin;
      if (error.code !== 'out_of_memory' || !mayShorten) throw error;
      contextTokensMax = shorter;
    }
  }
}

// What the core takes where it is not told: halving starts from here.
const kContextTokensFirst = 4096;

function destinationOf(runtime: WasmRuntime, model: number) {
  return {
    spansOf: (shard: Shard) =>
      runtime
        .call('model.shard_spans', { model, shard: shard.index })
        .spans.map(({ offset, size_bytes: sizeBytes, pointer }) => ({
          offset,
          sizeBytes,
          pointer,
        })),
    heap: () => runtime.heap,
    finish: (shard: Shard) => {
      runtime.call('model.finish_shard', { model, shard: shard.index });
    },
  };
}

function openSource(
  { transport, baseUrl, apiKey }: LoadParameters,
  environment: LoadEnvironment,
  hasCache: boolean,
): ShardSource {
  const { clock, fetch, openSocket } = environment;
  switch (transport) {
    case 'http':
      return new HttpShardSource({ baseUrl, fetch, clock, usesHttpCache: !hasCache });
    case 'websocket':
      return new ShardChannel({ baseUrl, apiKey, clock, openSocket });
  }
}
