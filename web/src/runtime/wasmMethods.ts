// The methods of the Wasm module: parameters and results as they cross in JSON.
import type { KvType } from '../engine/kvType.ts';
import type { CoreDeviceLimits } from '../gpu/device.ts';

export interface WasmMemory {
  weights_bytes: number;
  kv_cache_bytes: number;
  activations_bytes: number;
  budget_bytes: number;
  // Of the KV cache, for each token of the context.
  kv_bytes_per_token: number;
}

export interface WasmModelOptions {
  // "wasm" by default.
  backend?: 'wasm' | 'webgpu' | undefined;
  // Of the device, for the backend "webgpu".
  gpu?: CoreDeviceLimits | undefined;
  threads: number;
  kv_type: KvType;
  context_tokens_max?: number | undefined;
  memory_budget_bytes: number;
  activations: 'f32' | 'int8';
}

// Where a part of a shard begins in the shard, and in the heap, in a buffer of the GPU or in a
// tensor that gpu.write takes.
export type ShardSpan = { offset: number; size_bytes: number } & (
  | { pointer: number }
  | { buffer: number; buffer_offset_bytes: number }
  | { tensor: number; tensor_offset_bytes: number }
);

export interface GenerationParameters {
  prompt?: string | undefined;
  prompt_ids?: number[] | undefined;
  continuation_ids?: number[] | undefined;
  max_tokens?: number | undefined;
  temperature: number;
  top_k: number;
  top_p: number;
  min_p: number;
  repetition_penalty: number;
  seed: number;
  stop: string[];
  logprobs?: number | undefined;
  ignore_end: boolean;
}

export interface WasmLogprob {
  id: number;
  token: string;
  bytes: number[];
  // Null: minus infinity, which JSON cannot say.
  logprob: number | null;
}

export type GenerationStep =
  | { phase: 'prefill'; done: number; total: number }
  // Bytes of the GPU have to arrive first.
  | { phase: 'waiting' }
  | {
      phase: 'token';
      id: number;
      text: string;
      logprobs?: WasmLogprob & { top: WasmLogprob[] };
      finish_reason: 'stop' | 'length' | null;
    };

export interface WasmTimings {
  prompt_tokens: number;
  prefill_ms: number;
  tokens: number;
  decode_ms: number;
}

interface OnModel {
  model: number;
}

export interface WasmMethods {
  capabilities: {
    parameters: Record<string, never>;
    result: {
      variant: string;
      simd: boolean;
      relaxed_simd: boolean;
      threads: boolean;
      version: string;
    };
  };
  'model.create': {
    parameters: { manifest: string; options: WasmModelOptions };
    result: { model: number; context_tokens_max: number; memory: WasmMemory };
  };
  'model.shard_spans': { parameters: OnModel & { shard: number }; result: { spans: ShardSpan[] } };
  'model.finish_shard': {
    parameters: OnModel & { shard: number };
    result: { loaded: number; total: number };
  };
  'model.release': { parameters: OnModel; result: Record<string, never> };
  // "plain": what looks like a special token is text like any other.
  tokenize: {
    parameters: OnModel & { text: string; plain?: boolean };
    result: { ids: number[] };
  };
  detokenize: { parameters: OnModel & { ids: number[] }; result: { text: string } };
  'generation.start': {
    parameters: OnModel & GenerationParameters;
    result: { prompt_tokens: number; cached_tokens: number; seed: number };
  };
  'generation.step': { parameters: OnModel; result: GenerationStep };
  'generation.timings': { parameters: OnModel; result: WasmTimings };
  'generation.cancel': { parameters: OnModel; result: Record<string, never> };
  // The ids follow the first `after` tokens that were run last; none by default.
  forward: {
    parameters: OnModel & ({ ids: number[]; after?: number } | { resume: true });
    result: { rows: number; columns: number; pointer: number } | { waiting: true };
  };
  // The commands since the last call, as words of the heap that are valid until the next call.
  'gpu.commands': { parameters: OnModel; result: { pointer: number; words: number } };
  'gpu.deliver': {
    parameters: OnModel & { ticket: number; pointer: number; size_bytes: number };
    result: Record<string, never>;
  };
  // Bytes of a tensor that lies on the GPU in another order than in a shard.
  'gpu.write': {
    parameters: OnModel & {
      tensor: number;
      tensor_offset_bytes: number;
      pointer: number;
      size_bytes: number;
    };
    result: Record<string, never>;
  };
  memory: { parameters: OnModel; result: WasmMemory };
}

export type WasmMethodName = keyof WasmMethods;

// Those that are about one model.
export type ModelMethodName = {
  [Name in WasmMethodName]: WasmMethods[Name]['parameters'] extends OnModel ? Name : never;
}[WasmMethodName];
