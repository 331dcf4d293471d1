/** Selectors of the chat page's parts. */
import { testIds } from '../../web/src/chat/testIds.ts';

export type Part = keyof typeof testIds;

export function part(name: Part): string {
  return `[data-testid="${testIds[name]}"]`;
}

export function setting(name: string): string {
  return `[data-testid="${testIds.setting}-${name}"]`;
}
