// The engine as its users see it: one model, loaded into a worker of this tab.
import type { KvType } from './kvType.ts';
import type { Backend, CapabilityReport, WasmVariant } from '../capabilities/report.ts';
import type { RunnerOptions, RunnerSession } from '../connection/runnerSession.ts';
import type { GpuFeatureSet } from '../gpu/featureSet.ts';
import type { LoadProgress, ShardTransport } from '../loading/progress.ts';
import type { ChatCompletions, Completions } from './openaiTypes.ts';

export interface EngineOptions {
  // A name out of listModels().
  model: string;
  // The server's address; the page's own origin by default.
  baseUrl?: string | undefined;
  // For serve() and the transport "websocket", if the server was started with one.
  apiKey?: string | undefined;
  // Overrides of what detectCapabilities() would choose.
  backend?: Backend | undefined;
  features?: GpuFeatureSet | undefined;
  variant?: WasmVariant | undefined;
  threads?: number | undefined;
  // A report already at hand; with it nothing is detected again, and variant and threads are
  // ignored.
  capabilities?: CapabilityReport | undefined;
  // Tokens of the conversation to reserve memory for; the model's own limit by default, or less
  // where memory is short.
  contextTokensMax?: number | undefined;
  // Number format of the key-value cache, "f16" by default; "8", "4", "3" and "2" pack it into so
  // many bits for each number, on Wasm.
  kvType?: KvType | undefined;
  // Number format of activations in matrix products; "int8" (faster) by default.
  activations?: 'f32' | 'int8' | undefined;
  // Bytes of memory the model may take; derived from the device by default.
  memoryBudgetBytes?: number | undefined;
  // How shards travel; "http" by default.
  transport?: ShardTransport | undefined;
  onProgress?: ((progress: LoadProgress) => void) | undefined;
  // Something happened that a person should know, in a sentence: the graphics device was lost, and
  // the model goes on elsewhere.
  onNotice?: ((sentence: string) => void) | undefined;
  // Lets a test take the graphics device away.
  isTesting?: boolean | undefined;
  // Aborting it while loading rejects createEngine with code "cancelled".
  signal?: AbortSignal | undefined;
}

// Bytes. `weights + kvCache + activations <= budget`; they are in `heap`, the whole Wasm memory, or
// in `gpu`, all buffers of WebGPU.
export interface EngineMemory {
  weightsBytes: number;
  kvCacheBytes: number;
  kvBytesPerToken: number;
  activationsBytes: number;
  budgetBytes: number;
  heapBytes: number;
  gpuBytes: number;
}

// Of the last finished answer.
export interface EngineTimings {
  promptTokens: number;
  cachedTokens: number;
  prefillMs: number;
  tokens: number;
  decodeMs: number;
  // From the request to the first token's text, waiting included.
  firstTokenMs: number;
  // 0 until something was measured.
  prefillTokensPerSecond: number;
  decodeTokensPerSecond: number;
}

export interface Logits {
  rows: number;
  columns: number;
  // Row-major, [rows, columns].
  values: Float32Array;
}

export interface Engine {
  readonly model: string;
  readonly architecture: string;
  readonly contextTokensMax: number;
  // The settings the model's author recommends, where the package has them.
  readonly samplingDefaults: SamplingDefaults;
  readonly supportsChat: boolean;
  // As chosen, or what the choice became because it did not start (`fallback` says so).
  readonly capabilities: CapabilityReport;
  readonly timings: EngineTimings | null;
  readonly chat: { readonly completions: ChatCompletions };
  readonly completions: Completions;
  memory(): Promise<EngineMemory>;
  tokenize(text: string): Promise<number[]>;
  detokenize(ids: number[]): Promise<string>;
  // Logits at every position: for verifying the engine, not for generating.
  forward(ids: number[]): Promise<Logits>;
  // Become a runner: answer requests that others send to the server, until stop() or dispose().
  serve(options?: RunnerOptions): RunnerSession;
  // Frees the worker and all its memory; running requests end with code "cancelled".
  dispose(): void;
}

export interface SamplingDefaults {
  temperature: number;
  top_p: number;
  top_k: number;
  min_p: number;
  repetition_penalty: number;
}
