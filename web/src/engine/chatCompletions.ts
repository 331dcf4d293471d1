// engine.chat.completions: conversations, in OpenAI's shapes.
import { TesseraError } from '../tesseraError.ts';
import type {
  ChatCompletion,
  ChatCompletionChunk,
  ChatCompletionParameters,
  ChatCompletionParametersStreaming,
  ChatCompletionParametersWhole,
  ChatCompletions,
  TokenLogprob,
} from './openaiTypes.ts';
import {
  makeId,
  makeParameters,
  nowSeconds,
  openaiLogprob,
  startAnswer,
  usageOf,
  type AnswerPart,
  type GenerateLocal,
} from './requests.ts';

type ChunkChoice = ChatCompletionChunk['choices'][number];

export function makeChatCompletions(model: string, generate: GenerateLocal): ChatCompletions {
  function create(
    request: ChatCompletionParametersStreaming,
  ): Promise<AsyncIterable<ChatCompletionChunk>>;
  function create(request: ChatCompletionParametersWhole): Promise<ChatCompletion>;
  async function create(
    request: ChatCompletionParameters & { stream?: boolean },
  ): Promise<AsyncIterable<ChatCompletionChunk> | ChatCompletion> {
    const prompt = { type: 'messages' as const, messages: request.messages };
    const logprobs = request.logprobs ? (request.top_logprobs ?? 0) : undefined;
    const parts = await startAnswer(generate, makeParameters(prompt, request, logprobs), request);
    const head = { id: makeId('chatcmpl'), created: nowSeconds(), model };
    return request.stream
      ? toChunks(parts, head, request.stream_options?.include_usage ?? false)
      : toCompletion(parts, head);
  }
  return { create };
}

interface Head {
  id: string;
  created: number;
  model: string;
}

async function* toChunks(
  parts: AsyncIterable<AnswerPart>,
  head: Head,
  includeUsage: boolean,
): AsyncGenerator<ChatCompletionChunk> {
  const chunk = (choice: Partial<ChunkChoice>): ChatCompletionChunk => ({
    ...head,
    object: 'chat.completion.chunk',
    choices: [{ index: 0, delta: {}, logprobs: null, finish_reason: null, ...choice }],
  });
  yield chunk({ delta: { role: 'assistant', content: '' } });
  for await (const part of parts) {
    if (part.type === 'text') {
      const logprobs = part.logprobs ? { content: [openaiLogprob(part.logprobs)] } : null;
      // Half a character has no text yet; with log probabilities its token is told all the same.
      if (part.text !== '' || logprobs) yield chunk({ delta: { content: part.text }, logprobs });
      continue;
    }
    yield chunk({ finish_reason: part.summary.finishReason });
    if (includeUsage) yield { ...chunk({}), choices: [], usage: usageOf(part.summary) };
  }
}

async function toCompletion(parts: AsyncIterable<AnswerPart>, head: Head): Promise<ChatCompletion> {
  let content = '';
  const logprobs: TokenLogprob[] = [];
  for await (const part of parts) {
    if (part.type === 'text') {
      content += part.text;
      if (part.logprobs) logprobs.push(openaiLogprob(part.logprobs));
      continue;
    }
    return {
      ...head,
      object: 'chat.completion',
      choices: [
        {
          index: 0,
          message: { role: 'assistant', content },
          logprobs: logprobs.length > 0 ? { content: logprobs } : null,
          finish_reason: part.summary.finishReason,
        },
      ],
      usage: usageOf(part.summary),
    };
  }
  throw TesseraError.cancelled();
}
