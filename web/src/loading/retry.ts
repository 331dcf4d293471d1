// Trying again what a broken connection interrupted.
import { backoffMs, pause, type Backoff, type Clock } from '../clock.ts';
import { TesseraError, throwIfAborted } from '../tesseraError.ts';

export interface RetryPolicy {
  clock: Clock;
  backoff: Backoff;
  // Failures in a row, with nothing gained between them, before giving up.
  failuresMax: number;
  // Told of each failure that will be retried, and (null) when things go on.
  onNotice: (notice: string | null) => void;
}

export const kRetryBackoff: Backoff = { firstMs: 500, maxMs: 15_000 };
// About a minute of trying: long enough for a server to be restarted.
export const kRetryFailuresMax = 8;

// Codes that may be different the next time.
const transient = new Set(['network', 'server_closing', 'server_busy', 'too_many_sessions']);

export function isTransient(error: TesseraError): boolean {
  return transient.has(error.code);
}

// Runs `attempt` until it succeeds, fails for good, or has failed too often. `gained` tells whether
// the last attempt made progress, which starts the count anew.
// Errors: the last attempt's; "cancelled" when the signal is aborted.
export async function retrying<Value>(
  policy: RetryPolicy,
  signal: AbortSignal,
  attempt: () => Promise<Value>,
  gained: () => boolean = () => false,
): Promise<Value> {
  let failures = 0;
  for (;;) {
    throwIfAborted(signal);
    try {
      const value = await attempt();
      if (failures > 0) policy.onNotice(null);
      return value;
    } catch (thrown) {
      throwIfAborted(signal);
      const error = asNetworkError(thrown);
      failures = gained() ? 1 : failures + 1;
      if (!isTransient(error) || failures > policy.failuresMax) throw error;
      const waitMs = backoffMs(policy.backoff, failures, policy.clock);
      policy.onNotice(`The connection broke (${error.message}). Trying again.`);
      await pause(policy.clock, waitMs, signal);
    }
  }
}

// fetch() and body readers throw TypeError (or, in Firefox, others) for everything the network does
// to them.
function asNetworkError(thrown: unknown): TesseraError {
  if (thrown instanceof TesseraError) return thrown;
  const reason = thrown instanceof Error ? thrown.message : String(thrown);
  return new TesseraError('network', `The server cannot be reached: ${reason}`, { cause: thrown });
}
