// One answer, from waiting for the model to its last token.
import type {
  ChatCompletionChunk,
  CompletionChunk,
  Engine,
  EngineTimings,
  Usage,
} from '../../index.ts';
import { TesseraError } from '../../index.ts';
import type {
  AnswerMeasurements,
  AnswerOutcome,
  ConversationSummary,
  Message,
} from '../conversations/conversation.ts';
import type { EngineHost } from '../models/engineHost.ts';
import { samplingParameters } from '../sampling.ts';
import { chatMessages, continuationPrompt } from './prompt.ts';
import { Speedometer } from './speedometer.ts';

export type AnswerPhase =
  | { type: 'waiting_for_model' }
  | { type: 'queued' }
  | { type: 'prefill'; done: number; total: number }
  | { type: 'writing'; measurements: AnswerMeasurements };

export interface AnswerRequest {
  summary: ConversationSummary;
  // Everything before the answer, the question last.
  path: Message[];
}

export interface AnswerListener {
  onPhase(phase: AnswerPhase): void;
  onDelta(delta: string): void;
}

export interface AnswerEnd {
  outcome: AnswerOutcome;
  measurements: AnswerMeasurements | null;
  model: string | null;
}

// Never rejects: failures and being stopped are outcomes. Nothing is heard of it after the signal
// was aborted.
export async function writeAnswer(
  host: EngineHost,
  request: AnswerRequest,
  listener: AnswerListener,
  signal: AbortSignal,
): Promise<AnswerEnd> {
  const speedometer = new Speedometer();
  let promptTokens = 0;
  let model: string | null = null;
  const measure = () => speedometer.measure(promptTokens);
  try {
    if (!host.engine) listener.onPhase({ type: 'waiting_for_model' });
    const engine = await host.whenReady(signal);
    model = engine.model;
    const onPrefill = (done: number, total: number) => {
      promptTokens = Math.max(promptTokens, total);
      if (!signal.aborted) listener.onPhase({ type: 'prefill', done, total });
    };
    const onQueued = () => listener.onPhase({ type: 'queued' });
    let finish: 'stop' | 'length' = 'stop';
    let usage: Usage | null = null;
    for await (const chunk of await stream(engine, request, { signal, onPrefill, onQueued })) {
      if (signal.aborted) break;
      usage = chunk.usage ?? usage;
      promptTokens = usage?.prompt_tokens ?? promptTokens;
      const choice = chunk.choices[0];
      if (!choice) continue;
      finish = choice.finish_reason ?? finish;
      if (choice.finish_reason === null && !isOpening(choice)) speedometer.count();
      const measurements = measure();
      if (measurements) listener.onPhase({ type: 'writing', measurements });
      listener.onDelta(textOf(choice));
    }
    if (signal.aborted) return { outcome: { type: 'stopped' }, measurements: measure(), model };
    const contextIsFull = finish === 'length' && isFull(usage, engine);
    const outcome = { type: 'finished' as const, reason: finish, contextIsFull };
    return { outcome, measurements: withUsage(measure(), usage, engine.timings), model };
  } catch (thrown) {
    const error = TesseraError.from(thrown);
    const outcome: AnswerOutcome =
      signal.aborted || error.code === 'cancelled'
        ? { type: 'stopped' }
        : { type: 'failed', code: error.code, message: error.message };
    return { outcome, measurements: measure(), model };
  }
}

interface StreamOptions {
  signal: AbortSignal;
  onPrefill: (done: number, total: number) => void;
  onQueued: () => void;
}

type Chunk = ChatCompletionChunk | CompletionChunk;
type Choice = Chunk['choices'][number];

// Models without a chat template continue the text of the conversation instead.
function stream(
  engine: Engine,
  request: AnswerRequest,
  options: StreamOptions,
): Promise<AsyncIterable<Chunk>> {
  const parameters = {
    ...samplingParameters(request.summary.sampling),
    ...options,
    stream: true as const,
    stream_options: { include_usage: true },
  };
  if (!engine.supportsChat) {
    const prompt = continuationPrompt(request.summary, request.path);
    return engine.completions.create({ ...parameters, prompt });
  }
  const messages = chatMessages(request.summary, request.path);
  return engine.chat.completions.create({ ...parameters, messages });
}

function textOf(choice: Choice): string {
  return 'text' in choice ? choice.text : (choice.delta.content ?? '');
}

// The chunk that only names the role is no token.
function isOpening(choice: Choice): boolean {
  return 'delta' in choice && choice.delta.role !== undefined && !choice.delta.content;
}

function isFull(usage: Usage | null, engine: Engine): boolean {
  return usage !== null && usage.total_tokens >= engine.contextTokensMax - 1;
}

// The engine's own figures are exact; those of the chunks are not where tokens arrive together.
// Its timings are of the answer that ended last, which may be somebody else's: the number of
// tokens tells.
function withUsage(
  measured: AnswerMeasurements | null,
  usage: Usage | null,
  timings: EngineTimings | null,
): AnswerMeasurements | null {
  if (!measured || !usage) return measured;
  const tokens = usage.completion_tokens;
  const isOwn = timings?.tokens === tokens && timings.decodeTokensPerSecond > 0;
  const tokensPerSecond = isOwn ? timings.decodeTokensPerSecond : measured.tokensPerSecond;
  return { ...measured, tokens, tokensPerSecond, contextTokens: usage.total_tokens };
}
