/** Loads a package over HTTP into the runtime, shard by shard. */
import type { KvType } from '../../../web/src/engine/kvType.ts';
import type { AcquiredDevice } from '../../../web/src/gpu/device.ts';
import type { Profiler } from '../../../web/src/gpu/profiler.ts';
import { ModelCore } from '../../../web/src/runtime/modelCore.ts';
import type { WasmRuntime } from '../../../web/src/runtime/wasmRuntime.ts';

export interface LoadOptions {
  /** Address of a package folder: manifest.json and shards/. */
  packageUrl: string;
  threads: number;
  activations: 'f32' | 'int8';
  kvType: KvType;
  /** Undefined: as many as the model has. */
  contextTokensMax?: number | undefined;
  /** All bytes are there; kernels may still be compiled. Not for a command that is sent. */
  onLoaded?: (() => void) | undefined;
}

/** Where the model runs. */
export interface Place {
  runtime: WasmRuntime;
  /** Null: on Wasm. */
  device: AcquiredDevice | null;
  profiler?: Profiler | undefined;
}

interface Manifest {
  configuration: { vocab_size?: number };
  shards: { sha256: string }[];
}

export interface LoadedModel {
  core: ModelCore;
  vocabularySize: number;
}

const memoryBudgetBytes = 4 * 2 ** 30;

async function fetchOk(url: string): Promise<Response> {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url}: status ${response.status}`);
  return response;
}

async function loadShard(core: ModelCore, url: string, shard: number): Promise<void> {
  const bytes = new Uint8Array(await (await fetchOk(url)).arrayBuffer());
  for (const span of core.spansOf(shard)) {
    const part = bytes.subarray(span.offset, span.offset + span.sizeBytes);
    if ('pointer' in span) core.heap.set(part, span.pointer);
    else core.writeGpu(span, part);
  }
  await core.finishShard(shard);
}

export async function loadModel(
  { runtime, device, profiler }: Place,
  options: LoadOptions,
): Promise<LoadedModel> {
  const text = await (await fetchOk(`${options.packageUrl}/manifest.json`)).text();
  const manifest = JSON.parse(text) as Manifest;
  const core = await ModelCore.create(runtime, {
    manifest: text,
    options: {
      threads: options.threads,
      activations: options.activations,
      kv_type: options.kvType,
      context_tokens_max: options.contextTokensMax,
      memory_budget_bytes: memoryBudgetBytes,
    },
    device,
    profiler,
    usesErrorScopes: true,
  });
  for (const [shard, { sha256 }] of manifest.shards.entries()) {
    await loadShard(core, `${options.packageUrl}/shards/${sha256}`, shard);
  }
  options.onLoaded?.();
  await core.compiled();
  return { core, vocabularySize: manifest.configuration.vocab_size ?? 0 };
}
