// A client of the server: asks for answers that some other tab generates.
import type { WireTokenLogprob } from '../../../protocol/generated/protocol.ts';
import type { ChatMessage, SamplingParameters } from '../engine/openaiTypes.ts';
import type { ErrorObject } from '../tesseraError.ts';

export interface ResponseParameters extends SamplingParameters {
  // May be left out if the server offers one model.
  model?: string | undefined;
  // Exactly one of messages and prompt.
  messages?: ChatMessage[] | undefined;
  prompt?: string | undefined;
  // Alternatives to report beside each token; without it no log probabilities are sent.
  logprobs?: number | undefined;
  // Aborting it ends the iteration and stops the answer.
  signal?: AbortSignal | undefined;
}

export type ResponseEvent =
  | { type: 'response.created'; responseId: string; seed: number }
  // Hints, which may be missing: how many are before this one, and how far the prompt was read.
  | { type: 'response.queued'; responseId: string; position: number }
  | {
      type: 'response.in_progress';
      responseId: string;
      prefillTokensDone: number;
      prefillTokensTotal: number;
    }
  | {
      type: 'response.output_text.delta';
      responseId: string;
      delta: string;
      tokenIds: number[];
      logprobs: WireTokenLogprob[] | null;
    }
  | {
      type: 'response.completed';
      responseId: string;
      finishReason: 'stop' | 'length' | 'cancelled';
      promptTokens: number;
      completionTokens: number;
    }
  | { type: 'response.failed'; responseId: string; error: ErrorObject };

export type ClientState =
  | { type: 'connecting' }
  | { type: 'connected'; sessionId: string }
  | { type: 'waiting'; retryAtMs: number; reason: string }
  | { type: 'closed'; error: ErrorObject | null };

export interface ClientOptions {
  // The server's address, http(s) or ws(s); the page's own origin by default.
  url?: string | undefined;
  // Needed if the server was started with one.
  apiKey?: string | undefined;
  onState?: ((state: ClientState) => void) | undefined;
  signal?: AbortSignal | undefined;
}

export interface Client {
  readonly state: ClientState;
  readonly responses: {
    // Events in order, with no gap and no repetition, across lost connections. Ends after completed
    // or failed; rejects where the server refuses the request.
    create(parameters: ResponseParameters): AsyncIterable<ResponseEvent>;
  };
  close(): void;
}
