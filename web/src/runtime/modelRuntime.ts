// One loaded model: prompts in, tokens out.
import type { WireTokenLogprob } from '../../../protocol/generated/protocol.ts';
import type { Backend } from '../capabilities/report.ts';
import type { EngineMemory, Logits } from '../engine/engine.ts';
import type { PackageManifest } from '../loading/manifest.ts';
import { TesseraError, throwIfAborted } from '../tesseraError.ts';
import { ChatTemplate } from './chatTemplate.ts';
import type { ModelCore } from './modelCore.ts';
import { TurnQueue } from './turnQueue.ts';
import type { GenerationParameters, GenerationStep } from './wasmMethods.ts';
import type {
  GenerateParameters,
  GenerationEvent,
  GenerationSummary,
  ModelDescription,
  Prompt,
} from './workerMethods.ts';

type TokenStep = Extract<GenerationStep, { phase: 'token' }>;

export class ModelRuntime {
  readonly #core: ModelCore;
  readonly #manifest: PackageManifest;
  readonly #yieldToEvents: () => Promise<void>;
  readonly #turns = new TurnQueue();
  #template: ChatTemplate | null = null;

  constructor(core: ModelCore, manifest: PackageManifest, yieldToEvents: () => Promise<void>) {
    this.#core = core;
    this.#manifest = manifest;
    this.#yieldToEvents = yieldToEvents;
  }

  get backend(): Backend {
    return this.#core.backend;
  }

  // Why nothing more is to be had of the device the model runs on; null as long as it works.
  get failure(): TesseraError | null {
    return this.#core.failure;
  }

  release(): void {
    this.#core.release();
  }

  describe(): ModelDescription {
    return {
      architecture: this.#manifest.architecture,
      contextTokensMax: this.#core.contextTokensMax,
      samplingDefaults: this.#manifest.sampling,
      supportsChat: this.#manifest.chatTemplate !== null,
    };
  }

  // Answers one request when its turn has come. Between two steps events are let through, so
  // aborting the signal takes effect after at most one step. Errors: "cancelled", or the core's.
  async generate(
    parameters: GenerateParameters,
    signal: AbortSignal,
    emit: (event: GenerationEvent) => void,
  ): Promise<GenerationSummary> {
    const prompt = this.#readPrompt(parameters.prompt);
    const endTurn = await this.#turns.enter(parameters.origin, signal, () =>
      emit({ type: 'queued' }),
    );
    try {
      return await this.#run(parameters, prompt, signal, emit);
    } finally {
      endTurn();
    }
  }

  memory(): EngineMemory {
    const memory = this.#core.call('memory', {});
    return {
      weightsBytes: memory.weights_bytes,
      kvCacheBytes: memory.kv_cache_bytes,
      kvBytesPerToken: memory.kv_bytes_per_token,
      activationsBytes: memory.activations_bytes,
      budgetBytes: memory.budget_bytes,
      heapBytes: this.#core.heap.length,
      gpuBytes: this.#core.gpuBytes,
    };
  }

  tokenize(text: string): number[] {
    return this.#core.call('tokenize', { text }).ids;
  }

  detokenize(ids: number[]): string {
    return this.#core.call('detokenize', { ids }).text;
  }

  // Takes a turn like an answer does: it needs the same working memory.
  async forward(ids: number[], signal: AbortSignal): Promise<Logits> {
    const endTurn = await this.#turns.enter('local', signal);
    try {
      return await this.#core.forward(ids);
    } finally {
      endTurn();
    }
  }

  async #run(
    parameters: GenerateParameters,
    prompt: { prompt: string } | { prompt_ids: number[] },
    signal: AbortSignal,
    emit: (event: GenerationEvent) => void,
  ): Promise<GenerationSummary> {
    const core = this.#core;
    const started = core.call('generation.start', {
      ...prompt,
      ...this.#readSampling(parameters),
    });
    const { prompt_tokens: promptTokens, cached_tokens: cachedTokens } = started;
    emit({ type: 'started', promptTokens, cachedTokens, seed: started.seed });
    let tokens = parameters.continuationIds.length;
    for (;;) {
      await this.#yieldToEvents();
      if (signal.aborted) core.call('generation.cancel', {});
      throwIfAborted(signal);
      const step = core.call('generation.step', {});
      if (step.phase === 'waiting') {
        await core.arrival();
        continue;
      }
      if (step.phase === 'prefill') {
        emit({ type: 'prefill', done: step.done, total: step.total });
        continue;
      }
      tokens += 1;
      emit({ type: 'token', id: step.id, text: step.text, logprobs: wireLogprobs(step) });
      if (step.finish_reason === null) continue;
      const timings = core.call('generation.timings', {});
      return {
        finishReason: step.finish_reason,
        promptTokens,
        cachedTokens,
        tokens,
        prefillMs: timings.prefill_ms,
        prefillTokens: timings.prompt_tokens,
        decodeMs: timings.decode_ms,
        decodeTokens: timings.tokens,
      };
    }
  }

  #readPrompt(prompt: Prompt): { prompt: string } | { prompt_ids: number[] } {
    switch (prompt.type) {
      case 'messages':
        this.#template ??= new ChatTemplate(this.#manifest);
        return { prompt: this.#template.render(prompt.messages) };
      case 'text':
        return { prompt: prompt.text };
      case 'ids':
        return { prompt_ids: prompt.ids };
    }
  }

  #readSampling(parameters: GenerateParameters): GenerationParameters {
    const defaults = this.#manifest.sampling;
    const { logprobs } = parameters;
    return {
      continuation_ids: parameters.continuationIds,
      max_tokens: parameters.maxTokens ?? this.#core.contextTokensMax,
      temperature: parameters.temperature ?? defaults.temperature,
      top_k: parameters.topK ?? defaults.top_k,
      top_p: parameters.topP ?? defaults.top_p,
      min_p: parameters.minP ?? defaults.min_p,
      repetition_penalty: parameters.repetitionPenalty ?? defaults.repetition_penalty,
      seed: parameters.seed ?? drawSeed(),
      stop: parameters.stop,
      ...(logprobs === undefined ? {} : { logprobs }),
      ignore_end: parameters.ignoreEnd,
    };
  }
}

function drawSeed(): number {
  return Math.floor(Math.random() * 2 ** 32);
}

// The protocol's range: a probability of 0 has no finite logarithm.
const kLogprobMin = -10_000;

function wireLogprobs(step: TokenStep): WireTokenLogprob | null {
  if (!step.logprobs) return null;
  const [token, ...alternatives] = [step.logprobs, ...step.logprobs.top].map((one) => ({
    token_id: one.id,
    token: one.token,
    bytes: one.bytes,
    logprob: Math.min(0, Math.max(kLogprobMin, one.logprob ?? kLogprobMin)),
  }));
  if (!token) throw new TesseraError('internal', 'The runtime gave no log probability.');
  return { ...token, top_logprobs: alternatives };
}
