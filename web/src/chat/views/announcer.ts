// Says things to screen readers, politely and seldom: what happened, not every token.
import { part } from '../element.ts';

export function announce(sentence: string): void {
  const region = part('announcer', HTMLElement);
  // The same sentence twice in a row is heard twice only if the text changes.
  region.textContent = region.textContent === sentence ? `${sentence}\u00a0` : sentence;
}
