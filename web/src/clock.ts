// Time, as far as the library uses it; tests bring a clock that they turn themselves.
import { TesseraError, throwIfAborted } from './tesseraError.ts';

export interface Clock {
  // Milliseconds since some moment; never goes back.
  now(): number;
  // Calls once after that time; the returned function takes it back.
  after(ms: number, callback: () => void): () => void;
  // Uniform in [0, 1): the jitter of pauses.
  random(): number;
}

export const systemClock: Clock = {
  now: () => performance.now(),
  after(ms, callback) {
    const timer = setTimeout(callback, ms);
    return () => clearTimeout(timer);
  },
  random: () => Math.random(),
};

// Resolves after that time; rejects with "cancelled" as soon as the signal is aborted.
export function pause(clock: Clock, ms: number, signal?: AbortSignal): Promise<void> {
  throwIfAborted(signal);
  return new Promise((resolve, reject) => {
    const stop = clock.after(ms, () => {
      signal?.removeEventListener('abort', abort);
      resolve();
    });
    const abort = () => {
      stop();
      reject(TesseraError.cancelled());
    };
    signal?.addEventListener('abort', abort, { once: true });
  });
}

export interface Backoff {
  firstMs: number;
  maxMs: number;
}

// The pause before the attempt after `failures` failures (1 or more): doubling, with jitter of up
// to a quarter off, so that many tabs do not come back in the same moment.
export function backoffMs(backoff: Backoff, failures: number, clock: Clock): number {
  const full = Math.min(backoff.maxMs, backoff.firstMs * 2 ** Math.min(failures - 1, 30));
  return full * (1 - clock.random() / 4);
}
