/** EnginePage over a WebDriver window (WebKitGTK). */
import { chordActions, typingActions, type KeyAction } from './keyCodes.ts';
import type { ConsoleMessage, EnginePage, PageFunction } from './page.ts';
import * as scripts from './pageScripts.ts';
import { poll } from './polling.ts';
import { WebDriverError, type WebDriverSession } from './webdriver.ts';

// What a click meets while the page is still moving; tried again until the time is up.
const passingErrors = new Set([
  'element click intercepted',
  'element not interactable',
  'no such element',
  'stale element reference',
]);

export class WebKitPage implements EnginePage {
  readonly #session: WebDriverSession;
  readonly #window: string;
  readonly #messages: ConsoleMessage[] = [];

  constructor(session: WebDriverSession, window: string) {
    this.#session = session;
    this.#window = window;
  }

  #send(method: string, path: string, body?: unknown): Promise<unknown> {
    return this.#session.sendTo(this.#window, method, path, body);
  }

  async goto(url: string): Promise<void> {
    await this.#send('POST', '/url', { url });
    await this.evaluate(scripts.recordMessages);
  }

  async reload(): Promise<void> {
    await this.messages();
    await this.#send('POST', '/refresh', {});
    await this.evaluate(scripts.recordMessages);
  }

  async evaluate<Argument, Result>(
    body: PageFunction<Argument, Result>,
    argument?: Argument,
  ): Promise<Result> {
    const script = `const [argument, done] = arguments;
      Promise.resolve().then(() => (${String(body)})(argument))
        .then((value) => done({ value }), (error) => done({ error: String(error?.stack || error) }));`;
    const args = [argument ?? null];
    const reply = await this.#send('POST', '/execute/async', { script, args });
    const { value, error } = reply as { value?: Result; error?: string };
    if (error !== undefined) throw new Error(error);
    return value as Result;
  }

  async runScript(source: string): Promise<void> {
    const script = `(function () {${source}\n}).call(window);`;
    await this.#send('POST', '/execute/sync', { script, args: [] });
  }

  async click(selector: string): Promise<void> {
    await poll(
      () => this.#tryClick(selector),
      () => `${selector} to take a click`,
    );
  }

  async #tryClick(selector: string): Promise<boolean> {
    if (!(await this.evaluate(scripts.isActionable, selector))) return false;
    try {
      const element = await this.#session.findElement(this.#window, selector);
      await this.#send('POST', `/element/${element}/click`, {});
      return true;
    } catch (error) {
      if (error instanceof WebDriverError && passingErrors.has(error.code)) return false;
      throw error;
    }
  }

  async fill(selector: string, text: string): Promise<void> {
    await this.#waitForActionable(selector);
    await this.evaluate(scripts.setValue, { selector, value: text });
  }

  async select(selector: string, value: string): Promise<void> {
    await this.#waitForActionable(selector);
    await this.evaluate(scripts.setValue, { selector, value });
  }

  async #waitForActionable(selector: string): Promise<void> {
    await poll(
      () => this.evaluate(scripts.isActionable, selector),
      () => `${selector} to be enabled`,
    );
  }

  press(key: string): Promise<void> {
    return this.#perform(chordActions(key));
  }

  type(text: string): Promise<void> {
    return this.#perform(typingActions(text));
  }

  async #perform(actions: KeyAction[]): Promise<void> {
    const keyboard = { type: 'key', id: 'keyboard', actions };
    await this.#send('POST', '/actions', { actions: [keyboard] });
  }

  textContent(selector: string): Promise<string | null> {
    return this.evaluate(scripts.readText, selector);
  }

  texts(selector: string): Promise<string[]> {
    return this.evaluate(scripts.readTexts, selector);
  }

  isVisible(selector: string): Promise<boolean> {
    return this.evaluate(scripts.isShown, selector);
  }

  async waitForVisible(selector: string, timeoutMs?: number): Promise<void> {
    await poll(
      () => this.isVisible(selector),
      () => `${selector} to be visible`,
      timeoutMs,
    );
  }

  waitFor<Argument, Result>(
    body: PageFunction<Argument, Result>,
    argument: Argument,
    timeoutMs?: number,
  ): Promise<Result> {
    return poll(
      () => this.evaluate(body, argument),
      () => `${String(body)} with ${JSON.stringify(argument)}`,
      timeoutMs,
    );
  }

  async screenshot(): Promise<Buffer> {
    return Buffer.from((await this.#send('GET', '/screenshot')) as string, 'base64');
  }

  async resize(width: number, height: number): Promise<void> {
    await this.#send('POST', '/window/rect', { width, height });
  }

  async messages(): Promise<ConsoleMessage[]> {
    const taken = (await this.evaluate(scripts.takeMessages)) as ConsoleMessage[];
    this.#messages.push(...taken);
    return [...this.#messages];
  }

  async close(): Promise<void> {
    await this.#send('DELETE', '/window');
  }
}
