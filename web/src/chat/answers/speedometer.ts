// Measures an answer while it is written.
import type { AnswerMeasurements } from '../conversations/conversation.ts';

export class Speedometer {
  readonly #now: () => number;
  readonly #startMs: number;
  #firstTokenMs: number | null = null;
  #lastTokenMs = 0;
  #tokens = 0;

  // The clock starts now: at the request.
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
    this.#startMs = now();
  }

  // One more token arrived.
  count(): void {
    this.#lastTokenMs = this.#now();
    this.#firstTokenMs ??= this.#lastTokenMs;
    this.#tokens += 1;
  }

  get tokens(): number {
    return this.#tokens;
  }

  // The first token belongs to prefill: the rate is that of those after it.
  measure(promptTokens: number): AnswerMeasurements | null {
    if (this.#firstTokenMs === null) return null;
    const seconds = (this.#lastTokenMs - this.#firstTokenMs) / 1000;
    return {
      tokens: this.#tokens,
      firstTokenMs: this.#firstTokenMs - this.#startMs,
      tokensPerSecond: seconds > 0 ? (this.#tokens - 1) / seconds : 0,
      contextTokens: promptTokens + this.#tokens,
    };
  }
}
