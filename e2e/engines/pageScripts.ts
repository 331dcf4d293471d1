/** Functions that run inside a tab; both page implementations read the document through them. */

export function readText(selector: string): string | null {
  return document.querySelector<HTMLElement>(selector)?.innerText ?? null;
}

export function readTexts(selector: string): string[] {
  return [...document.querySelectorAll<HTMLElement>(selector)].map((element) => element.innerText);
}

export function isShown(selector: string): boolean {
  const element = document.querySelector<HTMLElement>(selector);
  if (!element) return false;
  const box = element.getBoundingClientRect();
  const isSized = box.width > 0 && box.height > 0;
  return isSized && getComputedStyle(element).visibility === 'visible';
}

export function isActionable(selector: string): boolean {
  const element = document.querySelector<HTMLElement>(selector);
  if (!element || element.matches(':disabled')) return false;
  const box = element.getBoundingClientRect();
  const isSized = box.width > 0 && box.height > 0;
  return isSized && getComputedStyle(element).visibility === 'visible';
}

/** Sets a form control's value past any framework's own setter, as typing would. */
export function setValue(target: { selector: string; value: string }): void {
  const element = document.querySelector<HTMLInputElement>(target.selector);
  if (!element) throw new Error(`nothing matches ${target.selector}`);
  element.focus();
  const prototype = Object.getPrototypeOf(element) as object;
  Object.getOwnPropertyDescriptor(prototype, 'value')?.set?.call(element, target.value);
  element.dispatchEvent(new InputEvent('input', { bubbles: true, data: target.value }));
  element.dispatchEvent(new Event('change', { bubbles: true }));
}

/** Starts collecting messages in a tab whose driver does not report them. */
export function recordMessages(): void {
  const scope = window as unknown as { recordedMessages?: { level: string; text: string }[] };
  if (scope.recordedMessages) return;
  const messages: { level: string; text: string }[] = [];
  scope.recordedMessages = messages;
  for (const [method, level] of [
    ['error', 'error'],
    ['warn', 'warning'],
  ] as const) {
    const original = console[method].bind(console);
    console[method] = (...values: unknown[]) => {
      messages.push({ level, text: values.map(String).join(' ') });
      original(...values);
    };
  }
  addEventListener('error', (event) => {
    messages.push({ level: 'exception', text: String(event.error ?? event.message) });
  });
  addEventListener('unhandledrejection', (event) => {
    messages.push({ level: 'exception', text: String(event.reason) });
  });
}

export function takeMessages(): { level: string; text: string }[] {
  const scope = window as unknown as { recordedMessages?: { level: string; text: string }[] };
  return scope.recordedMessages?.splice(0) ?? [];
}

/** Calls `probe` until it gives something truthy, which is the result; null when the time is up. */
export async function waitInPage<Argument, Result>(
  probe: (argument: Argument) => Result | Promise<Result>,
  argument: Argument,
  timeoutMs: number,
): Promise<{ result: Result | null }> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const result = await probe(argument);
    if (result) return { result };
    if (Date.now() > deadline) return { result: null };
    await new Promise((resolve) => setTimeout(resolve, 40));
  }
}
