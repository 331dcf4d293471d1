/** Loads a package over HTTP into the runtime, shard by shard. */
import type { WasmRuntime } from '../../../web/src/runtime/wasmRuntime.ts';

export interface LoadOptions {
  /** Address of a package folder: manifest.json and shards/. */
  packageUrl: string;
  threads: number;
  activations: 'f32' | 'int8';
  kvType: 'f32' | 'f16';
  /** Undefined: as many as the model has. */
  contextTokensMax?: number | undefined;
}

interface Manifest {
  configuration: { vocab_size?: number };
  shards: { sha256: string }[];
}

export interface LoadedModel {
  id: number;
  vocabularySize: number;
}

const memoryBudgetBytes = 4 * 2 ** 30;

async function fetchOk(url: string): Promise<Response> {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url}: status ${response.status}`);
  return response;
}

async function loadShard(runtime: WasmRuntime, url: string, model: number, shard: number) {
  const bytes = new Uint8Array(await (await fetchOk(url)).arrayBuffer());
  const { spans } = runtime.call('model.shard_spans', { model, shard });
  for (const { offset, size_bytes: sizeBytes, pointer } of spans) {
    runtime.heap.set(bytes.subarray(offset, offset + sizeBytes), pointer);
  }
  runtime.call('model.finish_shard', { model, shard });
}

export async function loadModel(runtime: WasmRuntime, options: LoadOptions): Promise<LoadedModel> {
  const text = await (await fetchOk(`${options.packageUrl}/manifest.json`)).text();
  const manifest = JSON.parse(text) as Manifest;
  const { model } = runtime.call('model.create', {
    manifest: text,
    options: {
      threads: options.threads,
      activations: options.activations,
      kv_type: options.kvType,
      context_tokens_max: options.contextTokensMax,
      memory_budget_bytes: memoryBudgetBytes,
    },
  });
  for (const [shard, { sha256 }] of manifest.shards.entries()) {
    await loadShard(runtime, `${options.packageUrl}/shards/${sha256}`, model, shard);
  }
  return { id: model, vocabularySize: manifest.configuration.vocab_size ?? 0 };
}
