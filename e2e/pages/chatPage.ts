/** The chat page as a person uses it. */
import type { EnginePage } from '../engines/page.ts';
import { kLoseDevice, kTestChannel } from '../../web/src/runtime/testHooks.ts';
import { part } from './selectors.ts';
import { SettingsPanel } from './settingsPanel.ts';

export type Outcome = 'streaming' | 'finished' | 'stopped' | 'failed';

export interface ShownMessage {
  role: 'user' | 'assistant';
  /** Null for what a person wrote. */
  outcome: Outcome | null;
  text: string;
}

// A first load compiles every kernel, which takes a software adapter its time.
const loadTimeoutMs = 60_000;
const answerTimeoutMs = 60_000;

export class ChatPage {
  readonly page: EnginePage;
  readonly settings: SettingsPanel;
  readonly #baseUrl: string;

  constructor(page: EnginePage, baseUrl: string) {
    this.page = page;
    this.settings = new SettingsPanel(page);
    this.#baseUrl = baseUrl;
  }

  /**
   * `query` may hold overrides ("threads=1"). Unless it names a backend, that is Wasm: measuring
   * which is faster is a spec's own matter ("backend=auto").
   */
  async open(query = ''): Promise<void> {
    const parameters = new URLSearchParams(query);
    if (!parameters.has('backend')) parameters.set('backend', 'wasm');
    await this.page.goto(`${this.#baseUrl}/?${parameters.toString()}`);
  }

  async openAndLoad(query = ''): Promise<void> {
    await this.open(query);
    await this.waitUntilReady();
  }

  async waitUntilReady(): Promise<void> {
    await this.waitForEngine('ready');
  }

  async waitForEngine(state: 'listing' | 'loading' | 'ready' | 'failed'): Promise<void> {
    await this.page.waitFor(
      ({ app, wanted }) => document.querySelector<HTMLElement>(app)?.dataset['engine'] === wanted,
      { app: part('app'), wanted: state },
      loadTimeoutMs,
    );
  }

  /** Of "light", "dark" and "system". */
  async chooseTheme(theme: string): Promise<void> {
    await this.page.click(`${part('theme')} label:has(input[value="${theme}"])`);
  }

  async write(text: string): Promise<void> {
    await this.page.fill(part('composer'), text);
  }

  async send(text: string): Promise<void> {
    await this.write(text);
    await this.page.click(part('send'));
  }

  async stop(): Promise<void> {
    await this.page.click(part('stop'));
  }

  /** Sends a message and waits for the end of its answer, which it gives. */
  async ask(text: string): Promise<string> {
    const before = (await this.messages()).length;
    await this.send(text);
    return this.waitForAnswer(before + 2);
  }

  /** Waits until there are `count` messages and the last one is complete; gives its text. */
  async waitForAnswer(count: number): Promise<string> {
    const messages = await this.#waitForMessages(count, answerTimeoutMs, (last) => {
      return last.outcome !== null && last.outcome !== 'streaming';
    });
    return messages.at(-1)?.text ?? '';
  }

  /** Waits until the last message, the `count`th, is an answer of at least that many characters. */
  async waitForText(count: number, charactersMin: number): Promise<string> {
    const messages = await this.#waitForMessages(count, answerTimeoutMs, (last) => {
      return last.role === 'assistant' && last.text.length >= charactersMin;
    });
    return messages.at(-1)?.text ?? '';
  }

  async #waitForMessages(
    count: number,
    timeoutMs: number,
    isDone: (last: ShownMessage) => boolean,
  ): Promise<ShownMessage[]> {
    const deadline = Date.now() + timeoutMs;
    for (;;) {
      const messages = await this.messages();
      const last = messages.at(-1);
      if (messages.length === count && last && isDone(last)) return messages;
      if (Date.now() > deadline)
        throw new Error(`no answer after ${timeoutMs} ms; shown: ${JSON.stringify(messages)}`);
    }
  }

  messages(): Promise<ShownMessage[]> {
    return this.page.evaluate(
      ({ message, text }) =>
        [...document.querySelectorAll<HTMLElement>(message)].map((article) => ({
          role: article.dataset['role'] as 'user' | 'assistant',
          outcome: (article.dataset['outcome'] ?? null) as Outcome | null,
          text: article.querySelector<HTMLElement>(text)?.innerText.trim() ?? '',
        })),
      { message: part('message'), text: part('messageText') },
    );
  }

  /** From now on notes, at each change, how long the answer being written is. */
  async recordAnswers(): Promise<void> {
    await this.page.evaluate(
      ({ thread, text }) => {
        const lengths: number[] = [];
        (window as unknown as { answerLengths: number[] }).answerLengths = lengths;
        const observer = new MutationObserver(() => {
          const answers = document.querySelectorAll<HTMLElement>(text);
          const length = answers[answers.length - 1]?.textContent.length ?? 0;
          if (length > 0 && length !== lengths.at(-1)) lengths.push(length);
        });
        const changes = { childList: true, characterData: true, subtree: true };
        observer.observe(document.querySelector(thread) ?? document.body, changes);
      },
      {
        thread: part('thread'),
        text: `${part('message')}[data-outcome="streaming"] ${part('messageText')}`,
      },
    );
  }

  /** REQUIRES: recordAnswers() was called on this page. */
  recordedAnswers(): Promise<number[]> {
    return this.page.evaluate(
      () => (window as unknown as { answerLengths: number[] }).answerLengths,
    );
  }

  /** Takes the graphics device away. REQUIRES: opened with "testing=true". */
  async loseDevice(): Promise<void> {
    await this.page.evaluate(
      ({ channel, message }) => {
        const sender = new BroadcastChannel(channel);
        sender.postMessage(message);
        sender.close();
      },
      { channel: kTestChannel, message: kLoseDevice },
    );
  }

  /** Titles of the conversations in the list. */
  async conversations(): Promise<string[]> {
    const titles = await this.page.texts(part('openConversation'));
    return titles.map((title) => title.trim());
  }
}
