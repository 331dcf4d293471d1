// One answer at a time: local and remote requests wait in two lines and are let in by turns, so
// that neither the tab's own user nor the server's clients can shut the others out.
import { TesseraError } from '../tesseraError.ts';
import type { RequestOrigin } from './workerMethods.ts';

type Admit = () => void;

export class TurnQueue {
  readonly #lines: Record<RequestOrigin, Admit[]> = { local: [], remote: [] };
  #isBusy = false;
  #lastOrigin: RequestOrigin = 'remote';

  // Resolves when it is the caller's turn, to a function that ends the turn (calling it again does
  // nothing). Rejects with "cancelled" if the signal is aborted before.
  async enter(
    origin: RequestOrigin,
    signal: AbortSignal,
    onQueued: () => void = () => undefined,
  ): Promise<() => void> {
    if (signal.aborted) throw TesseraError.cancelled();
    if (this.#isBusy) {
      onQueued();
      await this.#wait(origin, signal);
    }
    this.#isBusy = true;
    this.#lastOrigin = origin;
    let isOver = false;
    return () => {
      if (isOver) return;
      isOver = true;
      this.#admitNext();
    };
  }

  #wait(origin: RequestOrigin, signal: AbortSignal): Promise<void> {
    const line = this.#lines[origin];
    return new Promise((resolve, reject) => {
      const leave = () => {
        line.splice(line.indexOf(admit), 1);
        reject(TesseraError.cancelled());
      };
      const admit = () => {
        signal.removeEventListener('abort', leave);
        resolve();
      };
      line.push(admit);
      signal.addEventListener('abort', leave, { once: true });
    });
  }

  // Stays busy across the hand-over: the one admitted goes on only in a later microtask.
  #admitNext(): void {
    const other: RequestOrigin = this.#lastOrigin === 'local' ? 'remote' : 'local';
    const next = this.#lines[other].shift() ?? this.#lines[this.#lastOrigin].shift();
    if (next) next();
    else this.#isBusy = false;
  }
}
