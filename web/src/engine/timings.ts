// How fast an answer was.
import type { Clock } from '../clock.ts';
import type { GenerationEvent, GenerationSummary } from '../runtime/workerMethods.ts';
import type { EngineTimings } from './engine.ts';

export class TimingRecorder {
  readonly #clock: Clock;
  readonly #startMs: number;
  #firstTokenMs: number | null = null;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#startMs = clock.now();
  }

  observe(event: GenerationEvent): void {
    if (event.type === 'token') this.#firstTokenMs ??= this.#clock.now() - this.#startMs;
  }

  finish(summary: GenerationSummary): EngineTimings {
    const { prefillMs, prefillTokens, decodeMs, decodeTokens } = summary;
    return {
      promptTokens: summary.promptTokens,
      cachedTokens: summary.cachedTokens,
      prefillMs,
      tokens: summary.tokens,
      decodeMs,
      firstTokenMs: this.#firstTokenMs ?? 0,
      prefillTokensPerSecond: perSecond(prefillTokens, prefillMs),
      decodeTokensPerSecond: perSecond(decodeTokens, decodeMs),
    };
  }
}

function perSecond(count: number, ms: number): number {
  return ms > 0 ? (count * 1000) / ms : 0;
}
