// What chat and text completions have in common: OpenAI's fields into the engine's, and events into
// answers.
import type { WireTokenLogprob } from '../../../protocol/generated/protocol.ts';
import { EventQueue } from '../eventQueue.ts';
import type { CallOptions } from '../runtime/rpc/rpcClient.ts';
import type {
  GenerateParameters,
  GenerationEvent,
  GenerationSummary,
  Prompt,
} from '../runtime/workerMethods.ts';
import { TesseraError } from '../tesseraError.ts';
import type { RequestOptions, SamplingParameters, TokenLogprob, Usage } from './openaiTypes.ts';

export type GenerateLocal = (
  parameters: GenerateParameters,
  options: CallOptions<GenerationEvent>,
) => Promise<GenerationSummary>;

// One piece of an answer: a token's text, or the end.
export type AnswerPart =
  | { type: 'text'; text: string; logprobs: WireTokenLogprob | null }
  | { type: 'end'; summary: GenerationSummary };

const kLogprobsMax = 20;

export function makeParameters(
  prompt: Prompt,
  request: SamplingParameters,
  logprobs: number | undefined,
): GenerateParameters {
  if (logprobs !== undefined && !(logprobs >= 0 && logprobs <= kLogprobsMax)) {
    throw new TesseraError(
      'invalid_argument',
      `logprobs must be between 0 and ${kLogprobsMax}, not ${logprobs}.`,
    );
  }
  const { stop } = request;
  return {
    origin: 'local',
    prompt,
    continuationIds: [],
    maxTokens: request.max_tokens,
    temperature: request.temperature,
    topK: request.top_k,
    topP: request.top_p,
    minP: request.min_p,
    repetitionPenalty: request.repetition_penalty,
    seed: request.seed,
    stop: stop === undefined ? [] : typeof stop === 'string' ? [stop] : stop,
    logprobs,
    ignoreEnd: false,
  };
}

// Starts generating at once. Resolves when the first part is there, so that a request which cannot
// be answered rejects instead of giving a stream that fails. Leaving the iteration early, or
// aborting the signal, stops generating; the iteration then ends without an "end" part.
export async function startAnswer(
  generate: GenerateLocal,
  parameters: GenerateParameters,
  options: RequestOptions,
): Promise<AsyncIterable<AnswerPart>> {
  const controller = new AbortController();
  const stop = () => controller.abort();
  options.signal?.addEventListener('abort', stop, { once: true });
  if (options.signal?.aborted) stop();
  const parts = new EventQueue<AnswerPart>(stop);
  const started = new Promise<void>((resolve, reject) => {
    generate(parameters, {
      signal: controller.signal,
      onEvent: (event) => {
        if (event.type === 'queued') options.onQueued?.();
        if (event.type === 'prefill') options.onPrefill?.(event.done, event.total);
        if (event.type !== 'token') return;
        parts.push({ type: 'text', text: event.text, logprobs: event.logprobs });
        resolve();
      },
    })
      .then(
        (summary) => {
          parts.push({ type: 'end', summary });
          parts.end();
        },
        (thrown: unknown) => {
          const error = TesseraError.from(thrown);
          const wasStopped = controller.signal.aborted && error.code === 'cancelled';
          if (wasStopped) {
            parts.end();
            return;
          }
          parts.fail(error);
          reject(error);
        },
      )
      .finally(() => {
        options.signal?.removeEventListener('abort', stop);
        resolve();
      });
  });
  await started;
  return parts;
}

export function usageOf({ promptTokens, tokens, cachedTokens }: GenerationSummary): Usage {
  return {
    prompt_tokens: promptTokens,
    completion_tokens: tokens,
    total_tokens: promptTokens + tokens,
    prompt_tokens_details: { cached_tokens: cachedTokens },
  };
}

export function openaiLogprob(wire: WireTokenLogprob): TokenLogprob {
  const plain = ({ token, logprob, bytes }: Omit<WireTokenLogprob, 'top_logprobs'>) => ({
    token,
    logprob,
    bytes: bytes ?? null,
  });
  return { ...plain(wire), top_logprobs: wire.top_logprobs.map(plain) };
}

// An id in OpenAI's manner, unique in this tab and hardly ever the same in another.
export function makeId(prefix: string): string {
  const digits = Array.from(crypto.getRandomValues(new Uint8Array(12)), (byte) =>
    byte.toString(16).padStart(2, '0'),
  );
  return `${prefix}-${digits.join('')}`;
}

export function nowSeconds(): number {
  return Math.floor(Date.now() / 1000);
}
