import { describe, expect, test } from 'vitest';
import { FakeClock } from '../test-support/fakeClock.ts';
import { backoffMs, pause, systemClock } from './clock.ts';

describe('pauses', () => {
  test('end after their time', async () => {
    const clock = new FakeClock();
    await clock.runUntil(pause(clock, 1000));
    expect(clock.now()).toBe(1000);
  });

  test('end with the signal, and leave no alarm', async () => {
    const clock = new FakeClock();
    const controller = new AbortController();
    const pausing = pause(clock, 1000, controller.signal);
    controller.abort();
    await expect(pausing).rejects.toMatchObject({ code: 'cancelled' });
    expect(clock.pendingAlarms).toBe(0);
  });

  test('grow, with jitter of at most a quarter, and not past the limit', () => {
    const backoff = { firstMs: 100, maxMs: 1000 };
    const clock = { ...systemClock, random: () => 0.999 };
    expect(backoffMs(backoff, 1, clock)).toBeGreaterThanOrEqual(75);
    expect(backoffMs(backoff, 1, clock)).toBeLessThan(76);
    expect(backoffMs(backoff, 3, new FakeClock())).toBe(400);
    expect(backoffMs(backoff, 1_000_000, new FakeClock())).toBe(1000);
  });
});
