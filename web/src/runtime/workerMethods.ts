// What a page may ask its worker.
import type { WireTokenLogprob } from '../../../protocol/generated/protocol.ts';
import type { Backend, WasmVariant } from '../capabilities/report.ts';
import type { EngineMemory, Logits, SamplingDefaults } from '../engine/engine.ts';
import type { KvType } from '../engine/kvType.ts';
import type { ChatMessage, FinishReason } from '../engine/openaiTypes.ts';
import type { GpuFeatureSet } from '../gpu/featureSet.ts';
import type { LoadProgress, ShardTransport } from '../loading/progress.ts';

export interface LoadParameters {
  model: string;
  baseUrl: string;
  wasmUrl: string;
  variant: WasmVariant;
  threads: number;
  contextTokensMax: number | undefined;
  kvType: KvType;
  activations: 'f32' | 'int8';
  memoryBudgetBytes: number;
  gpuMemoryBudgetBytes: number;
  // Undefined: the faster one, by a measurement.
  backend: Backend | undefined;
  // Undefined: whatever the adapter has.
  features: GpuFeatureSet | undefined;
  // Whether tests may take the device away.
  isTesting: boolean;
  transport: ShardTransport;
  apiKey: string | undefined;
}

// Between "starting" and "started" the module's threads come up. The page watches: a worker that
// creates another one can be blocked by the browser for good.
export type LoadEvent =
  { type: 'progress'; progress: LoadProgress } | { type: 'module'; state: 'starting' | 'started' };

export interface ModelDescription {
  architecture: string;
  contextTokensMax: number;
  samplingDefaults: SamplingDefaults;
  supportsChat: boolean;
}

// Where a model runs (since it moved), and the sentence that says why.
export interface BackendChange {
  backend: Backend;
  sentence: string;
}

export type LoadedModel = ModelDescription & BackendChange;

export type Prompt =
  | { type: 'messages'; messages: ChatMessage[] }
  | { type: 'text'; text: string }
  | { type: 'ids'; ids: number[] };

// Who asks: this tab's own page, or somebody through the server. They take turns.
export type RequestOrigin = 'local' | 'remote';

export interface GenerateParameters {
  origin: RequestOrigin;
  prompt: Prompt;
  // Tokens of this answer that another runner has generated.
  continuationIds: number[];
  maxTokens: number | undefined;
  temperature: number | undefined;
  topK: number | undefined;
  topP: number | undefined;
  minP: number | undefined;
  repetitionPenalty: number | undefined;
  seed: number | undefined;
  stop: string[];
  // Alternatives to report beside each token; undefined: no log probabilities at all.
  logprobs: number | undefined;
  ignoreEnd: boolean;
}

export type GenerationEvent =
  | { type: 'queued' }
  | { type: 'started'; promptTokens: number; cachedTokens: number; seed: number }
  | { type: 'prefill'; done: number; total: number }
  | { type: 'token'; id: number; text: string; logprobs: WireTokenLogprob | null };

export interface GenerationSummary {
  finishReason: FinishReason;
  promptTokens: number;
  cachedTokens: number;
  // Of the whole answer, continuation included.
  tokens: number;
  prefillMs: number;
  prefillTokens: number;
  decodeMs: number;
  decodeTokens: number;
}

// A type and not an interface, so that it counts as a record of methods.
// eslint-disable-next-line @typescript-eslint/consistent-type-definitions
export type WorkerMethods = {
  load: { parameters: LoadParameters; event: LoadEvent; result: LoadedModel };
  generate: { parameters: GenerateParameters; event: GenerationEvent; result: GenerationSummary };
  // Lasts until it is cancelled.
  watch: { parameters: null; event: BackendChange; result: null };
  memory: { parameters: null; event: never; result: EngineMemory };
  tokenize: { parameters: { text: string }; event: never; result: number[] };
  detokenize: { parameters: { ids: number[] }; event: never; result: string };
  forward: { parameters: { ids: number[] }; event: never; result: Logits };
};
