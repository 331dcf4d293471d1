// Events from callbacks, as an async iterable for one reader. Those that come before they are asked
// for wait in order.

type Ending = { type: 'open' } | { type: 'ended' } | { type: 'failed'; error: unknown };

export class EventQueue<Event> implements AsyncIterable<Event> {
  readonly #events: Event[] = [];
  readonly #onAbandoned: () => void;
  #ending: Ending = { type: 'open' };
  #wake: (() => void) | null = null;

  // `onAbandoned` is called once if the reader leaves before the end.
  constructor(onAbandoned: () => void = () => undefined) {
    this.#onAbandoned = onAbandoned;
  }

  get isOpen(): boolean {
    return this.#ending.type === 'open';
  }

  push(event: Event): void {
    if (!this.isOpen) return;
    this.#events.push(event);
    this.#wakeReader();
  }

  // The reader gets what was pushed before, then the end.
  end(): void {
    this.#finish({ type: 'ended' });
  }

  // The reader gets what was pushed before, then the error.
  fail(error: unknown): void {
    this.#finish({ type: 'failed', error });
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Event> {
    try {
      for (;;) {
        for (let event = this.#events.shift(); event !== undefined; event = this.#events.shift()) {
          yield event;
        }
        const ending = this.#ending;
        if (ending.type === 'ended') return;
        if (ending.type === 'failed') throw ending.error;
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    } finally {
      if (this.isOpen) {
        this.end();
        this.#onAbandoned();
      }
    }
  }

  #finish(ending: Ending): void {
    if (this.isOpen) this.#ending = ending;
    this.#wakeReader();
  }

  #wakeReader(): void {
    this.#wake?.();
    this.#wake = null;
  }
}
