/** EnginePage over a Playwright page (Chromium and Firefox). */
import type { Page } from '@playwright/test';
import type { ConsoleMessage, EnginePage, PageFunction } from './page.ts';
import { isActionable, isShown, readText, readTexts, setValue } from './pageScripts.ts';
import { poll, waitTimeoutMs } from './polling.ts';

export class PlaywrightPage implements EnginePage {
  readonly #page: Page;
  readonly #messages: ConsoleMessage[] = [];

  constructor(page: Page) {
    this.#page = page;
    page.setDefaultTimeout(waitTimeoutMs);
    page.on('console', (message) => {
      const level = message.type();
      if (level === 'error' || level === 'warning')
        this.#messages.push({ level, text: message.text() });
    });
    page.on('pageerror', (error) => {
      // Firefox reports what it logs by itself here too, a connection refused for instance.
      const isThrown = error.stack !== undefined && !error.stack.endsWith('\nundefined');
      const text = error.stack ?? error.message;
      this.#messages.push({ level: isThrown ? 'exception' : 'error', text });
    });
  }

  async goto(url: string): Promise<void> {
    await this.#page.goto(url);
  }

  async reload(): Promise<void> {
    await this.#page.reload();
  }

  evaluate<Argument, Result>(
    body: PageFunction<Argument, Result>,
    argument?: Argument,
  ): Promise<Result> {
    const call = body as PageFunction<unknown, Result>;
    return this.#page.evaluate(call, argument as unknown);
  }

  async runScript(source: string): Promise<void> {
    await this.#page.evaluate(`${source}\n;undefined`);
  }

  async click(selector: string): Promise<void> {
    await this.#page.locator(selector).first().click();
  }

  async fill(selector: string, text: string): Promise<void> {
    // Playwright's own fill() appends to a number in Firefox.
    await poll(
      () => this.evaluate(isActionable, selector),
      () => `${selector} to be enabled`,
    );
    await this.evaluate(setValue, { selector, value: text });
  }

  async select(selector: string, value: string): Promise<void> {
    await this.#page.locator(selector).first().selectOption(value);
  }

  async press(key: string): Promise<void> {
    await this.#page.keyboard.press(key);
  }

  async type(text: string): Promise<void> {
    await this.#page.keyboard.type(text);
  }

  textContent(selector: string): Promise<string | null> {
    return this.evaluate(readText, selector);
  }

  texts(selector: string): Promise<string[]> {
    return this.evaluate(readTexts, selector);
  }

  isVisible(selector: string): Promise<boolean> {
    return this.evaluate(isShown, selector);
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

  screenshot(): Promise<Buffer> {
    return this.#page.screenshot();
  }

  async resize(width: number, height: number): Promise<void> {
    await this.#page.setViewportSize({ width, height });
  }

  messages(): Promise<ConsoleMessage[]> {
    return Promise.resolve([...this.#messages]);
  }

  async close(): Promise<void> {
    await this.#page.close();
  }
}
