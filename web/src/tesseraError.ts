// The one error type of the library: a stable code for programs, a sentence for people.
// Codes come from the protocol, from the inference core, and from what only a browser can meet.

export type TesseraErrorCode =
  // From the inference core.
  | 'invalid_argument'
  | 'invalid_file'
  | 'unsupported'
  | 'not_found'
  | 'out_of_memory'
  | 'context_full'
  | 'io'
  | 'device_lost'
  | 'cancelled'
  | 'internal'
  // From loading and from the browser.
  | 'network'
  | 'shard_corrupted'
  | 'no_backend'
  | 'worker_failed'
  // Any code of the protocol that this version does not know by name.
  | (string & {});

export interface ErrorObject {
  code: string;
  message: string;
}

export class TesseraError extends Error {
  readonly code: TesseraErrorCode;

  constructor(code: TesseraErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'TesseraError';
    this.code = code;
  }

  toObject(): ErrorObject {
    return { code: this.code, message: this.message };
  }

  static fromObject(error: ErrorObject): TesseraError {
    return new TesseraError(error.code, error.message);
  }

  // Whatever was thrown, as a TesseraError: aborts become "cancelled", the unknown becomes
  // "internal".
  static from(thrown: unknown): TesseraError {
    if (thrown instanceof TesseraError) return thrown;
    if (thrown instanceof Error) {
      const code = thrown.name === 'AbortError' ? 'cancelled' : 'internal';
      return new TesseraError(code, thrown.message, { cause: thrown });
    }
    return new TesseraError('internal', String(thrown));
  }

  static cancelled(): TesseraError {
    return new TesseraError('cancelled', 'The request was cancelled.');
  }
}

// Throws "cancelled" if the signal is aborted.
export function throwIfAborted(signal: AbortSignal | null | undefined): void {
  if (signal?.aborted) throw TesseraError.cancelled();
}
