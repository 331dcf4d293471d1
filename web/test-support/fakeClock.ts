// A clock that a test turns by hand. Callbacks run in the order of their times; promises get to run
// between them.
import type { Clock } from '../src/clock.ts';

// A body of a few chunks takes a few rounds of the event loop.
const kRoundsUntilRest = 24;

interface Alarm {
  atMs: number;
  callback: () => void;
}

export class FakeClock implements Clock {
  #nowMs = 0;
  #alarms: Alarm[] = [];

  now(): number {
    return this.#nowMs;
  }

  after(ms: number, callback: () => void): () => void {
    const alarm = { atMs: this.#nowMs + ms, callback };
    this.#alarms.push(alarm);
    return () => {
      this.#alarms = this.#alarms.filter((other) => other !== alarm);
    };
  }

  // No jitter: pauses have their full length.
  random(): number {
    return 0;
  }

  get pendingAlarms(): number {
    return this.#alarms.length;
  }

  async advance(ms: number): Promise<void> {
    const endMs = this.#nowMs + ms;
    for (;;) {
      await settle();
      const next = this.#alarms.sort((a, b) => a.atMs - b.atMs)[0];
      if (!next || next.atMs > endMs) break;
      this.#nowMs = Math.max(this.#nowMs, next.atMs);
      this.#alarms = this.#alarms.filter((alarm) => alarm !== next);
      next.callback();
    }
    this.#nowMs = endMs;
  }

  // Turns the clock whenever everything else has come to rest, until the promise is settled.
  async runUntil<Value>(promise: Promise<Value>): Promise<Value> {
    let isSettled = false;
    const watch = promise.then(
      () => (isSettled = true),
      () => (isSettled = true),
    );
    for (let turns = 0; turns < 10_000; turns += 1) {
      await settle();
      // eslint-disable-next-line @typescript-eslint/no-unnecessary-condition -- set by a callback
      if (isSettled) break;
      const next = this.#alarms.sort((a, b) => a.atMs - b.atMs)[0];
      if (next) await this.advance(Math.max(0, next.atMs - this.#nowMs));
    }
    void watch;
    return promise;
  }
}

// Lets everything that is ready to run, run: microtasks, and messages between ports.
export async function settle(): Promise<void> {
  for (let round = 0; round < kRoundsUntilRest; round += 1) {
    await new Promise((resolve) => setImmediate(resolve));
  }
}
