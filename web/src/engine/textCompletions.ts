// engine.completions: a text goes on, in OpenAI's older shapes.
import type { WireTokenLogprob } from '../../../protocol/generated/protocol.ts';
import { TesseraError } from '../tesseraError.ts';
import type {
  Completion,
  CompletionChunk,
  CompletionLogprobs,
  CompletionParameters,
  CompletionParametersStreaming,
  CompletionParametersWhole,
  Completions,
} from './openaiTypes.ts';
import {
  makeId,
  makeParameters,
  nowSeconds,
  startAnswer,
  usageOf,
  type AnswerPart,
  type GenerateLocal,
} from './requests.ts';

interface Head {
  id: string;
  created: number;
  model: string;
  object: 'text_completion';
}

export function makeCompletions(model: string, generate: GenerateLocal): Completions {
  function create(request: CompletionParametersStreaming): Promise<AsyncIterable<CompletionChunk>>;
  function create(request: CompletionParametersWhole): Promise<Completion>;
  async function create(
    request: CompletionParameters & { stream?: boolean },
  ): Promise<AsyncIterable<CompletionChunk> | Completion> {
    const prompt = { type: 'text' as const, text: request.prompt };
    const parameters = makeParameters(prompt, request, request.logprobs);
    const parts = await startAnswer(generate, parameters, request);
    const object = 'text_completion' as const;
    const head: Head = { id: makeId('cmpl'), created: nowSeconds(), model, object };
    return request.stream
      ? toChunks(parts, head, request.stream_options?.include_usage ?? false)
      : toCompletion(parts, head);
  }
  return { create };
}

async function* toChunks(
  parts: AsyncIterable<AnswerPart>,
  head: Head,
  includeUsage: boolean,
): AsyncGenerator<CompletionChunk> {
  let offset = 0;
  for await (const part of parts) {
    if (part.type === 'text') {
      const logprobs = part.logprobs ? collectLogprobs([part.logprobs], offset) : null;
      offset += part.text.length;
      if (part.text === '' && !logprobs) continue;
      yield { ...head, choices: [{ index: 0, text: part.text, logprobs, finish_reason: null }] };
      continue;
    }
    const { finishReason } = part.summary;
    yield {
      ...head,
      choices: [{ index: 0, text: '', logprobs: null, finish_reason: finishReason }],
    };
    if (includeUsage) yield { ...head, choices: [], usage: usageOf(part.summary) };
  }
}

async function toCompletion(parts: AsyncIterable<AnswerPart>, head: Head): Promise<Completion> {
  let text = '';
  const tokens: WireTokenLogprob[] = [];
  for await (const part of parts) {
    if (part.type === 'text') {
      text += part.text;
      if (part.logprobs) tokens.push(part.logprobs);
      continue;
    }
    const logprobs = tokens.length > 0 ? collectLogprobs(tokens, 0) : null;
    return {
      ...head,
      choices: [{ index: 0, text, logprobs, finish_reason: part.summary.finishReason }],
      usage: usageOf(part.summary),
    };
  }
  throw TesseraError.cancelled();
}

// The first token's text begins at `offset` of the whole answer.
function collectLogprobs(tokens: readonly WireTokenLogprob[], offset: number): CompletionLogprobs {
  const logprobs: CompletionLogprobs = {
    tokens: [],
    token_logprobs: [],
    top_logprobs: [],
    text_offset: [],
  };
  let textOffset = offset;
  for (const { token, logprob, top_logprobs: alternatives } of tokens) {
    logprobs.tokens.push(token);
    logprobs.token_logprobs.push(logprob);
    logprobs.top_logprobs.push(
      Object.fromEntries(alternatives.map((other) => [other.token, other.logprob])),
    );
    logprobs.text_offset.push(textOffset);
    textOffset += token.length;
  }
  return logprobs;
}
