// A client of the server: asks for answers that some other tab generates.
import type { ErrorObject } from '../tesseraError.ts';
import type {
  ChatMessage,
  FinishReason,
  SamplingParameters,
  Usage,
} from '../engine/openaiTypes.ts';

export interface ResponseParameters extends SamplingParameters {
  model: string;
  messages?: ChatMessage[];
  prompt?: string;
  signal?: AbortSignal | undefined;
}

export type ResponseEvent =
  | { type: 'response.created'; responseId: string }
  | { type: 'response.queued'; responseId: string; position: number }
  | { type: 'response.output_text.delta'; responseId: string; delta: string }
  | { type: 'response.completed'; responseId: string; finishReason: FinishReason; usage: Usage }
  | { type: 'response.failed'; responseId: string; error: ErrorObject };

export type ClientState =
  | { type: 'connecting' }
  | { type: 'connected'; sessionId: string }
  | { type: 'waiting'; retryAtMs: number; reason: string }
  | { type: 'closed'; error: ErrorObject | null };

export interface ClientOptions {
  // The server's address, http(s) or ws(s); the page's own origin by default.
  url?: string | undefined;
  onState?: ((state: ClientState) => void) | undefined;
  signal?: AbortSignal | undefined;
}

export interface Client {
  readonly state: ClientState;
  readonly responses: {
    // Events in order, with no gap and no repetition, across lost connections. Ends after completed or failed.
    create(parameters: ResponseParameters): AsyncIterable<ResponseEvent>;
  };
  close(): void;
}
