// An answer that is being written, in whichever conversation: keeps its message current, on the
// page and in the store.
import type { Message } from '../conversations/conversation.ts';
import type { ConversationStore } from '../conversations/conversationStore.ts';
import type { EngineHost } from '../models/engineHost.ts';
import { Observable } from '../observable.ts';
import { type AnswerPhase, type AnswerRequest, writeAnswer } from './writeAnswer.ts';

// A tab that is closed in mid-answer loses no more than this.
const kSaveIntervalMs = 1000;

export type DeltaListener = (message: Message, delta: string) => void;

export class RunningAnswer {
  readonly phase = new Observable<AnswerPhase>({ type: 'prefill', done: 0, total: 0 });
  readonly message: Message;
  readonly #abort = new AbortController();
  readonly #onDelta: DeltaListener;
  #store: ConversationStore | null = null;
  #saveTimer: ReturnType<typeof setTimeout> | null = null;
  #isGone = false;

  constructor(message: Message, onDelta: DeltaListener) {
    this.message = message;
    this.#onDelta = onDelta;
  }

  // Resolves when the answer has ended and is stored; without a store, it lasts as long as the
  // page.
  // False if its conversation was deleted meanwhile.
  async run(
    host: EngineHost,
    request: AnswerRequest,
    store: ConversationStore | null,
  ): Promise<boolean> {
    this.#store = store;
    await this.#save();
    const listener = {
      onPhase: (phase: AnswerPhase) => {
        this.phase.value = phase;
      },
      onDelta: (delta: string) => {
        if (delta === '') return;
        this.message.content += delta;
        this.#onDelta(this.message, delta);
        this.#saveSoon();
      },
    };
    const end = await writeAnswer(host, request, listener, this.#abort.signal);
    Object.assign(this.message, end, { model: end.model ?? this.message.model });
    if (this.#saveTimer !== null) clearTimeout(this.#saveTimer);
    await this.#save();
    return !this.#isGone;
  }

  stop(): void {
    this.#abort.abort();
  }

  #saveSoon(): void {
    this.#saveTimer ??= setTimeout(() => {
      this.#saveTimer = null;
      void this.#save();
    }, kSaveIntervalMs);
  }

  // Storage that fails does not end an answer: it is still on the page.
  async #save(): Promise<void> {
    try {
      if (!this.#store || (await this.#store.putMessage({ ...this.message }))) return;
    } catch {
      return;
    }
    this.#isGone = true;
    this.stop();
  }
}
