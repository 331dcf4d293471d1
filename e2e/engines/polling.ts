/** Waiting for a condition that no event announces. */
import { setTimeout as delay } from 'node:timers/promises';

export const waitTimeoutMs = 20_000;
const pollIntervalMs = 40;

/**
 * Calls `probe` until it gives something truthy; `describe` names what was awaited in the error.
 */
export async function poll<Result>(
  probe: () => Promise<Result>,
  describe: () => string,
  timeoutMs = waitTimeoutMs,
): Promise<Result> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const result = await probe();
    if (result) return result;
    if (Date.now() > deadline) throw new Error(`waited ${timeoutMs} ms for ${describe()}`);
    await delay(pollIntervalMs);
  }
}
