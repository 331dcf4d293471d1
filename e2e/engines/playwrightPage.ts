/** EnginePage over a Playwright page (Chromium and Firefox). */
import type { Page } from '@playwright/test';
import type { ConsoleMessage, EnginePage, PageFunction } from './page.ts';
import { isActionable, isShown, readText, readTexts, setValue, waitInPage } from './pageScripts.ts';
import { waitTimeoutMs } from './polling.ts';

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
    await this.waitFor(isActionable, selector);
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
    await this.waitFor(isShown, selector, timeoutMs);
  }

  /** Polls inside the page: calls from outside can hang Firefox while a worker starts another. */
  async waitFor<Argument, Result>(
    body: PageFunction<Argument, Result>,
    argument: Argument,
    timeoutMs = waitTimeoutMs,
  ): Promise<Result> {
    const given = JSON.stringify(argument);
    const loop = `(${String(waitInPage)})(${String(body)}, ${given}, ${timeoutMs})`;
    const { result } = await this.#page.evaluate<{ result: Result | null }>(loop);
    if (!result) throw new Error(`waited ${timeoutMs} ms for ${String(body)} with ${given}`);
    return result;
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
