/**
 * What a browser tab offers to specs and tools, the same over every engine. Selectors are CSS and
 * mean
 * the first match. A verb that acts on an element waits until it is visible and enabled.
 */

/** A function that runs inside the tab; it must not close over anything. */
export type PageFunction<Argument, Result> = (argument: Argument) => Result | Promise<Result>;

export interface ConsoleMessage {
  level: 'error' | 'warning' | 'exception';
  text: string;
}

export interface EnginePage {
  goto(url: string): Promise<void>;
  reload(): Promise<void>;
  /** Arguments and results are plain JSON. */
  evaluate<Result>(body: PageFunction<void, Result>): Promise<Result>;
  evaluate<Argument, Result>(
    body: PageFunction<Argument, Result>,
    argument: Argument,
  ): Promise<Result>;
  /** Runs a classic script in the page's global scope, past its content security policy. */
  runScript(source: string): Promise<void>;

  click(selector: string): Promise<void>;
  /** Replaces the value of an input or text area, with the events of typing and leaving it. */
  fill(selector: string, text: string): Promise<void>;
  select(selector: string, value: string): Promise<void>;
  /** One key to whatever has the focus, named as in KeyboardEvent.key; "Shift+Tab" for a chord. */
  press(key: string): Promise<void>;
  /** Types characters, one key each, into whatever has the focus. */
  type(text: string): Promise<void>;

  /** The rendered text, or null where nothing matches. */
  textContent(selector: string): Promise<string | null>;
  texts(selector: string): Promise<string[]>;
  isVisible(selector: string): Promise<boolean>;
  waitForVisible(selector: string, timeoutMs?: number): Promise<void>;
  /** Polls until the function gives something truthy, and returns that. */
  waitFor<Argument, Result>(
    body: PageFunction<Argument, Result>,
    argument: Argument,
    timeoutMs?: number,
  ): Promise<Result>;

  screenshot(): Promise<Buffer>;
  resize(width: number, height: number): Promise<void>;
  /** Console errors and warnings and uncaught exceptions so far (see EngineLimits.messages). */
  messages(): Promise<ConsoleMessage[]>;
  close(): Promise<void>;
}

/** What an engine cannot do; the text is the reason that a skipped test shows. */
export interface EngineLimits {
  setOffline?: string;
  messages?: string;
}

/** Tabs that share storage; a new context has none of the storage of another. */
export interface EngineContext {
  newPage(): Promise<EnginePage>;
  /** REQUIRES: limits.setOffline is not set. */
  setOffline(offline: boolean): Promise<void>;
  close(): Promise<void>;
}

export interface EngineBrowser {
  readonly name: EngineName;
  readonly version: string;
  readonly limits: EngineLimits;
  newContext(): Promise<EngineContext>;
  close(): Promise<void>;
}

export const engineNames = ['chromium', 'firefox', 'webkit'] as const;
export type EngineName = (typeof engineNames)[number];
