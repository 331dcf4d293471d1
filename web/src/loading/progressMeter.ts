// Counts bytes while a model loads, and tells it now and then.
import type { Clock } from '../clock.ts';
import type { LoadPhase, LoadProgress } from './progress.ts';

// Often enough to look alive, seldom enough to cost nothing.
const kReportMsMin = 100;
const kSpeedWindowMs = 3000;

export class ProgressMeter {
  readonly #clock: Clock;
  readonly #report: (progress: LoadProgress) => void;
  readonly #progress: LoadProgress = {
    phase: 'starting',
    loadedBytes: 0,
    totalBytes: 0,
    cachedBytes: 0,
    bytesPerSecond: 0,
    shardsLoaded: 0,
    shardsTotal: 0,
    notice: null,
  };
  #reportedAtMs = -Infinity;
  // Bytes from the network by time, of the last kSpeedWindowMs.
  #arrivals: { atMs: number; bytes: number }[] = [];

  constructor(clock: Clock, report: (progress: LoadProgress) => void) {
    this.#clock = clock;
    this.#report = report;
  }

  expect(totalBytes: number, shardsTotal: number): void {
    Object.assign(this.#progress, { totalBytes, shardsTotal });
    this.enter('loading');
  }

  // Everything that came is of no use: it will come again.
  restart(): void {
    Object.assign(this.#progress, { loadedBytes: 0, cachedBytes: 0, shardsLoaded: 0 });
    this.#tell();
  }

  enter(phase: LoadPhase): void {
    this.#progress.phase = phase;
    this.#tell();
  }

  received(bytes: number): void {
    this.#progress.loadedBytes += bytes;
    this.#arrivals.push({ atMs: this.#clock.now(), bytes });
    this.#tellSometimes();
  }

  receivedFromCache(bytes: number): void {
    this.#progress.loadedBytes += bytes;
    this.#progress.cachedBytes += bytes;
    this.#tellSometimes();
  }

  // Bytes that turned out wrong and will come again.
  takeBack(bytes: number, fromCache: boolean): void {
    this.#progress.loadedBytes -= bytes;
    if (fromCache) this.#progress.cachedBytes -= bytes;
    this.#tell();
  }

  finishedShard(): void {
    this.#progress.shardsLoaded += 1;
    this.#tell();
  }

  setNotice(notice: string | null): void {
    this.#progress.notice = notice;
    this.#tell();
  }

  #tellSometimes(): void {
    if (this.#clock.now() - this.#reportedAtMs >= kReportMsMin) this.#tell();
  }

  #tell(): void {
    this.#reportedAtMs = this.#clock.now();
    this.#report({ ...this.#progress, bytesPerSecond: this.#speed() });
  }

  #speed(): number {
    const now = this.#clock.now();
    this.#arrivals = this.#arrivals.filter(({ atMs }) => now - atMs <= kSpeedWindowMs);
    const first = this.#arrivals[0];
    if (!first) return 0;
    const bytes = this.#arrivals.reduce((sum, arrival) => sum + arrival.bytes, 0);
    // A burst at one moment says nothing yet: count it over at least one report.
    return Math.round((bytes * 1000) / Math.max(now - first.atMs, kReportMsMin));
  }
}
