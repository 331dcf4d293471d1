// An engine without a model: answers with prepared texts, word by word, as fast as the test lets
// it.
import type { CapabilityReport } from '../src/capabilities/report.ts';
import type { RunnerOptions, RunnerSession, RunnerState } from '../src/connection/runnerSession.ts';
import type { Engine, EngineOptions, EngineTimings } from '../src/engine/engine.ts';
import type {
  ChatCompletion,
  ChatCompletionChunk,
  ChatCompletionParameters,
  ChatCompletionParametersStreaming,
  ChatCompletionParametersWhole,
  ChatMessage,
  FinishReason,
  Usage,
} from '../src/engine/openaiTypes.ts';
import type { LoadProgress } from '../src/loading/progress.ts';
import { TesseraError, throwIfAborted } from '../src/tesseraError.ts';

type Chunks = Promise<AsyncIterable<ChatCompletionChunk>>;

export interface FakeEngineOptions {
  model?: string;
  // The answer to a conversation; "You said: <last message>" by default.
  answer?: (messages: ChatMessage[]) => string;
  // Awaited before every token: a test that holds it holds the stream.
  beforeToken?: (index: number) => Promise<void>;
  // Makes createEngine or a request fail.
  loadError?: TesseraError;
  requestError?: TesseraError;
  finishReason?: FinishReason;
  capabilities?: CapabilityReport;
  // Told while the engine starts, before a byte has arrived.
  startNotice?: string;
}

export interface FakeEngine extends Engine {
  // Every request it was given, in order.
  readonly requests: ChatCompletionParameters[];
  readonly isDisposed: boolean;
  // Drives what the page shows of the runner.
  setRunnerState(state: RunnerState): void;
}

export const fakeCapabilities: CapabilityReport = {
  features: {
    simd: true,
    relaxedSimd: true,
    relaxedDot: true,
    threads: true,
    memory64: false,
    webgpu: false,
    cacheStorage: true,
    originPrivateFileSystem: true,
    crossOriginIsolated: true,
    webgpuAdapter: null,
    hardwareConcurrency: 2,
    deviceMemoryGib: 8,
  },
  builds: [
    {
      variant: 'threads',
      title: 'Relaxed SIMD and threads',
      usable: true,
      chosen: true,
      reason: 'Chosen: the strongest build this browser can run.',
    },
    { variant: 'simd', title: 'SIMD', usable: true, chosen: false, reason: 'Not needed.' },
  ],
  backend: 'wasm',
  backendSentence: 'Models run on Wasm: there is no WebGPU here.',
  variant: 'threads',
  threads: 2,
  sentences: ['This browser offers SIMD and threads.', 'Tessera uses 2 threads.'],
};

const fakeStart: LoadProgress = {
  phase: 'starting',
  loadedBytes: 0,
  totalBytes: 0,
  cachedBytes: 0,
  bytesPerSecond: 0,
  shardsLoaded: 0,
  shardsTotal: 0,
  notice: null,
};

// Stands in for createEngine: reports progress 0, half and all, then gives the fake.
export function createFakeEngine(
  fake: FakeEngineOptions = {},
): (options: EngineOptions) => Promise<FakeEngine> {
  return async (options) => {
    const totalBytes = 1000;
    if (fake.startNotice !== undefined) {
      options.onProgress?.({ ...fakeStart, notice: fake.startNotice });
      await Promise.resolve();
    }
    for (const loadedBytes of [0, 500, totalBytes]) {
      throwIfAborted(options.signal);
      options.onProgress?.({
        phase: loadedBytes === totalBytes ? 'ready' : 'loading',
        loadedBytes,
        totalBytes,
        cachedBytes: 0,
        bytesPerSecond: 100,
        shardsLoaded: loadedBytes / 500,
        shardsTotal: 2,
        notice: null,
      });
      await Promise.resolve();
    }
    if (fake.loadError) throw fake.loadError;
    return makeEngine(fake, fake.model ?? options.model);
  };
}

function makeEngine(fake: FakeEngineOptions, model: string): FakeEngine {
  const requests: ChatCompletionParameters[] = [];
  let timings: EngineTimings | null = null;
  let runnerState: RunnerState = { type: 'connecting' };
  let runnerOptions: RunnerOptions | null = null;
  let isDisposed = false;

  const setRunnerState = (state: RunnerState) => {
    runnerState = state;
    runnerOptions?.onState?.(state);
  };

  async function* stream(parameters: ChatCompletionParameters) {
    for await (const chunk of generate(fake, model, parameters)) yield chunk;
    timings = fakeTimings;
  }

  function create(parameters: ChatCompletionParametersStreaming): Chunks;
  function create(parameters: ChatCompletionParametersWhole): Promise<ChatCompletion>;
  async function create(
    parameters: ChatCompletionParameters & { stream?: boolean },
  ): Promise<ChatCompletion | AsyncIterable<ChatCompletionChunk>> {
    requests.push(parameters);
    await Promise.resolve();
    if (fake.requestError) throw fake.requestError;
    return parameters.stream ? stream(parameters) : collect(stream(parameters), model);
  }

  return {
    model,
    architecture: 'llama',
    contextTokensMax: 2048,
    samplingDefaults: { temperature: 0.8, top_p: 0.95, top_k: 40, min_p: 0, repetition_penalty: 1 },
    supportsChat: true,
    capabilities: fake.capabilities ?? fakeCapabilities,
    get timings() {
      return timings;
    },
    chat: { completions: { create } },
    completions: { create: refuse },
    memory: () =>
      Promise.resolve({
        weightsBytes: 80_000_000,
        kvCacheBytes: 10_000_000,
        kvBytesPerToken: 2560,
        activationsBytes: 1_000_000,
        budgetBytes: 2_000_000_000,
        heapBytes: 100_000_000,
        gpuBytes: 0,
      }),
    tokenize: (text) => Promise.resolve(words(text).map((_, index) => index)),
    detokenize: () => Promise.reject(unsupported()),
    forward: () => Promise.reject(unsupported()),
    serve(options = {}): RunnerSession {
      runnerOptions = options;
      setRunnerState({ type: 'serving', sessionId: 'session-1', requests: 0 });
      return {
        get state() {
          return runnerState;
        },
        stop: () => setRunnerState({ type: 'stopped', error: null }),
      };
    },
    dispose() {
      isDisposed = true;
    },
    requests,
    get isDisposed() {
      return isDisposed;
    },
    setRunnerState,
  };
}

const fakeTimings: EngineTimings = {
  promptTokens: 10,
  cachedTokens: 0,
  prefillMs: 100,
  tokens: 5,
  decodeMs: 250,
  firstTokenMs: 120,
  prefillTokensPerSecond: 100,
  decodeTokensPerSecond: 20,
};

async function* generate(
  fake: FakeEngineOptions,
  model: string,
  parameters: ChatCompletionParameters,
): AsyncGenerator<ChatCompletionChunk> {
  const tokens = words((fake.answer ?? echo)(parameters.messages));
  const chunk = (
    delta: { role?: 'assistant'; content?: string },
    finish_reason: FinishReason | null = null,
  ): ChatCompletionChunk => ({
    id: 'chatcmpl-fake',
    object: 'chat.completion.chunk',
    created: 0,
    model,
    choices: [{ index: 0, delta, logprobs: null, finish_reason }],
  });
  parameters.onPrefill?.(10, 10);
  yield chunk({ role: 'assistant', content: '' });
  for (const [index, content] of tokens.entries()) {
    await (fake.beforeToken?.(index) ?? Promise.resolve());
    if (parameters.signal?.aborted) return;
    yield chunk({ content });
  }
  yield chunk({}, fake.finishReason ?? 'stop');
  if (parameters.stream_options?.include_usage) {
    yield { ...chunk({}), choices: [], usage: usageOf(tokens.length) };
  }
}

async function collect(
  chunks: AsyncIterable<ChatCompletionChunk>,
  model: string,
): Promise<ChatCompletion> {
  let content = '';
  let finish_reason: FinishReason | null = null;
  for await (const { choices } of chunks) {
    content += choices[0]?.delta.content ?? '';
    finish_reason = choices[0]?.finish_reason ?? finish_reason;
  }
  if (!finish_reason) throw TesseraError.cancelled();
  return {
    id: 'chatcmpl-fake',
    object: 'chat.completion',
    created: 0,
    model,
    choices: [{ index: 0, message: { role: 'assistant', content }, logprobs: null, finish_reason }],
    usage: usageOf(words(content).length),
  };
}

function usageOf(completion_tokens: number): Usage {
  return {
    prompt_tokens: 10,
    completion_tokens,
    total_tokens: 10 + completion_tokens,
    prompt_tokens_details: { cached_tokens: 0 },
  };
}

function echo(messages: ChatMessage[]): string {
  const content = messages.at(-1)?.content ?? '';
  return `You said: ${typeof content === 'string' ? content : content.map((p) => p.text).join('')}`;
}

function words(text: string): string[] {
  return text.match(/\s*\S+\s*/g) ?? [];
}

function refuse(): Promise<never> {
  return Promise.reject(unsupported());
}

function unsupported(): TesseraError {
  return new TesseraError('unsupported', 'The fake engine does not do this.');
}
