// Brings one package into the memory of a Wasm module or of a GPU; again, if the GPU was lost.
import type { AcquiredDevice } from '../gpu/device.ts';
import type { PackageManifest } from '../loading/manifest.ts';
import type { ProgressMeter } from '../loading/progressMeter.ts';
import { kRetryBackoff, kRetryFailuresMax, type RetryPolicy } from '../loading/retry.ts';
import type { ShardCache } from '../loading/shardCache.ts';
import { kShardsParallel, ShardLoader } from '../loading/shardLoader.ts';
import { HttpShardSource } from '../loading/httpShardSource.ts';
import type { ShardSource } from '../loading/shardSource.ts';
import { ShardChannel } from '../connection/shardChannel.ts';
import { TesseraError } from '../tesseraError.ts';
import type { LoadEnvironment } from './loadModel.ts';
import { ModelCore } from './modelCore.ts';
import { ModelRuntime } from './modelRuntime.ts';
import type { WasmRuntime } from './wasmRuntime.ts';
import type { LoadParameters } from './workerMethods.ts';

// A conversation shorter than this is of no use: memory that does not allow it does not allow the
// model.
const kContextTokensMin = 512;

// What the core takes where it is not told: halving starts from here.
const kContextTokensFirst = 4096;

export interface ModelLoaderParts {
  runtime: WasmRuntime;
  manifest: PackageManifest;
  cache: ShardCache | null;
  parameters: LoadParameters;
  environment: LoadEnvironment;
}

export class ModelLoader {
  readonly #parts: ModelLoaderParts;

  constructor(parts: ModelLoaderParts) {
    this.#parts = parts;
  }

  // Null: to Wasm. Frees what it took if it fails.
  // Errors: those of the device (gpu/errors.ts), "out_of_memory", "network", "shard_corrupted" and
  // others of loading, "cancelled".
  async load(
    device: AcquiredDevice | null,
    meter: ProgressMeter,
    signal: AbortSignal,
  ): Promise<ModelRuntime> {
    const { manifest, environment } = this.#parts;
    const core = await this.#createCore(device);
    try {
      meter.expect(manifest.sizeBytes, manifest.shards.length);
      await this.#loadShards(core, meter, signal);
      await core.compiled();
    } catch (thrown) {
      const failure = core.failure ?? thrown;
      core.release();
      throw failure;
    }
    return new ModelRuntime(core, manifest, environment.yieldToEvents);
  }

  // Where memory is short and nobody insists on a context, a shorter one is tried before giving up.
  async #createCore(device: AcquiredDevice | null): Promise<ModelCore> {
    const { runtime, manifest, parameters } = this.#parts;
    let contextTokensMax = parameters.contextTokensMax;
    for (;;) {
      try {
        return await ModelCore.create(runtime, {
          manifest: manifest.text,
          options: {
            threads: parameters.threads,
            kv_type: parameters.kvType,
            ...(contextTokensMax === undefined ? {} : { context_tokens_max: contextTokensMax }),
            memory_budget_bytes: device
              ? parameters.gpuMemoryBudgetBytes
              : parameters.memoryBudgetBytes,
            activations: parameters.activations,
          },
          device,
        });
      } catch (thrown) {
        const error = TesseraError.from(thrown);
        const shorter = Math.floor((contextTokensMax ?? kContextTokensFirst) / 2);
        const mayShorten =
          parameters.contextTokensMax === undefined && shorter >= kContextTokensMin;
        if (error.code !== 'out_of_memory' || !mayShorten) throw error;
        contextTokensMax = shorter;
      }
    }
  }

  async #loadShards(core: ModelCore, meter: ProgressMeter, signal: AbortSignal): Promise<void> {
    const { manifest, cache, parameters, environment } = this.#parts;
    const retry: RetryPolicy = {
      clock: environment.clock,
      backoff: kRetryBackoff,
      failuresMax: kRetryFailuresMax,
      onNotice: (notice) => meter.setNotice(notice),
    };
    const source = openSource(parameters, environment, cache !== null);
    try {
      const loader = new ShardLoader({
        source,
        cache,
        destination: {
          spansOf: ({ index }) => core.spansOf(index),
          heap: () => core.heap,
          writeGpu: (span, bytes) => core.writeGpu(span, bytes),
          finish: ({ index }) => core.finishShard(index),
        },
        sha256: environment.sha256,
        meter,
        retry,
        parallel: kShardsParallel,
      });
      await loader.load(manifest.shards, signal);
    } finally {
      source.close();
    }
  }
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
