// A tab that answers other people's requests, as its page sees it.

export type RunnerState =
  | { type: 'connecting' }
  // Connected and ready; `requests` counts those answered since start.
  | { type: 'serving'; sessionId: string; requests: number }
  // Connection lost or refused; it is tried again at `retryAtMs` (Date.now() time).
  | { type: 'waiting'; retryAtMs: number; reason: string }
  // Over: by stop(), or for a reason that retrying does not cure (such as a protocol too old).
  | { type: 'stopped'; error: { code: string; message: string } | null };

export type RunnerRequest =
  | { type: 'started'; responseId: string }
  | { type: 'token'; responseId: string; tokens: number }
  | { type: 'finished'; responseId: string; tokens: number }
  | { type: 'cancelled'; responseId: string }
  | { type: 'failed'; responseId: string; error: { code: string; message: string } };

export interface RunnerOptions {
  onState?: ((state: RunnerState) => void) | undefined;
  onRequest?: ((request: RunnerRequest) => void) | undefined;
}

export interface RunnerSession {
  readonly state: RunnerState;
  // Says goodbye to the server; a request being answered is handed to another runner.
  stop(): void;
}
