// Requests and answers in the shapes of OpenAI's API, as far as Tessera offers them.

export type ChatRole = 'system' | 'developer' | 'user' | 'assistant' | 'tool';

export interface TextContentPart {
  type: 'text';
  text: string;
}

export interface ChatMessage {
  role: ChatRole;
  content: string | TextContentPart[];
  name?: string;
}

export interface SamplingParameters {
  temperature?: number | undefined;
  top_p?: number | undefined;
  // Not in OpenAI's API; 0 switches it off.
  top_k?: number | undefined;
  // Not in OpenAI's API; 0 switches it off.
  min_p?: number | undefined;
  // Not in OpenAI's API; 1 switches it off.
  repetition_penalty?: number | undefined;
  // The same seed, prompt and settings give the same text.
  seed?: number | undefined;
  stop?: string | string[] | undefined;
  max_tokens?: number | undefined;
}

export interface RequestOptions {
  // Aborting a stream ends its iteration; aborting a whole answer rejects with code "cancelled".
  signal?: AbortSignal | undefined;
  // The prompt is read in chunks: called after each with the tokens read so far and in total.
  onPrefill?: ((done: number, total: number) => void) | undefined;
  // Called once if the request has to wait for another one to finish.
  onQueued?: (() => void) | undefined;
}

export interface StreamOptions {
  // A last chunk with no choices carries `usage`.
  include_usage?: boolean;
}

export interface ChatCompletionParameters extends SamplingParameters, RequestOptions {
  messages: ChatMessage[];
  model?: string;
  logprobs?: boolean | undefined;
  top_logprobs?: number | undefined;
  stream_options?: StreamOptions | undefined;
}
export type ChatCompletionParametersStreaming = ChatCompletionParameters & { stream: true };
export type ChatCompletionParametersWhole = ChatCompletionParameters & { stream?: false };

export interface CompletionParameters extends SamplingParameters, RequestOptions {
  prompt: string;
  model?: string;
  logprobs?: number | undefined;
  stream_options?: StreamOptions | undefined;
}
export type CompletionParametersStreaming = CompletionParameters & { stream: true };
export type CompletionParametersWhole = CompletionParameters & { stream?: false };

export type FinishReason = 'stop' | 'length';

export interface Usage {
  prompt_tokens: number;
  completion_tokens: number;
  total_tokens: number;
  prompt_tokens_details: { cached_tokens: number };
}

export interface TopLogprob {
  token: string;
  logprob: number;
  bytes: number[] | null;
}

export interface TokenLogprob extends TopLogprob {
  top_logprobs: TopLogprob[];
}

export interface ChatCompletionChunk {
  id: string;
  object: 'chat.completion.chunk';
  created: number;
  model: string;
  choices: {
    index: 0;
    delta: { role?: 'assistant'; content?: string };
    logprobs: { content: TokenLogprob[] } | null;
    finish_reason: FinishReason | null;
  }[];
  usage?: Usage;
}

export interface ChatCompletion {
  id: string;
  object: 'chat.completion';
  created: number;
  model: string;
  choices: {
    index: 0;
    message: { role: 'assistant'; content: string };
    logprobs: { content: TokenLogprob[] } | null;
    finish_reason: FinishReason;
  }[];
  usage: Usage;
}

export interface CompletionLogprobs {
  tokens: string[];
  token_logprobs: number[];
  top_logprobs: Record<string, number>[];
  text_offset: number[];
}

export interface CompletionChunk {
  id: string;
  object: 'text_completion';
  created: number;
  model: string;
  choices: {
    index: 0;
    text: string;
    logprobs: CompletionLogprobs | null;
    finish_reason: FinishReason | null;
  }[];
  usage?: Usage;
}

export interface Completion extends CompletionChunk {
  choices: {
    index: 0;
    text: string;
    logprobs: CompletionLogprobs | null;
    finish_reason: FinishReason;
  }[];
  usage: Usage;
}

export interface ChatCompletions {
  create(
    parameters: ChatCompletionParametersStreaming,
  ): Promise<AsyncIterable<ChatCompletionChunk>>;
  create(parameters: ChatCompletionParametersWhole): Promise<ChatCompletion>;
}

export interface Completions {
  create(parameters: CompletionParametersStreaming): Promise<AsyncIterable<CompletionChunk>>;
  create(parameters: CompletionParametersWhole): Promise<Completion>;
}
