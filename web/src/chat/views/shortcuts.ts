// The keyboard: one table, which is both what works and what the list of shortcuts shows.
import { button, element, part } from '../element.ts';

export interface Shortcut {
  // Names as in KeyboardEvent.key, "Control" meaning Command on a Mac.
  keys: readonly string[];
  does: string;
  // Absent for keys that the focused element handles itself.
  run?: () => void;
}

export type ShortcutActions = Record<
  'newConversation' | 'conversations' | 'settings' | 'tabPanel' | 'regenerate' | 'copyAnswer',
  () => void
>;

export function shortcutTable(actions: ShortcutActions): Shortcut[] {
  return [
    { keys: ['Enter'], does: 'Send the message' },
    { keys: ['Shift', 'Enter'], does: 'New line in the message' },
    { keys: ['Escape'], does: 'Stop the answer; close what is open' },
    { keys: ['↑'], does: 'Edit your last message (in the empty message field)' },
    { keys: ['Control', 'Shift', 'O'], does: 'New conversation', run: actions.newConversation },
    {
      keys: ['Control', 'Shift', 'E'],
      does: 'Regenerate the last answer',
      run: actions.regenerate,
    },
    { keys: ['Control', 'Shift', 'Y'], does: 'Copy the last answer', run: actions.copyAnswer },
    {
      keys: ['Control', 'Shift', 'L'],
      does: 'Show or hide conversations',
      run: actions.conversations,
    },
    { keys: ['Control', '.'], does: 'Show or hide “This tab”', run: actions.tabPanel },
    { keys: ['Control', ','], does: 'Show or hide settings', run: actions.settings },
    { keys: ['Control', '/'], does: 'Show this list', run: openShortcuts },
  ];
}

export function installShortcuts(actions: ShortcutActions): void {
  const table = shortcutTable(actions);
  document.addEventListener('keydown', (event) => {
    if (event.defaultPrevented || event.isComposing) return;
    const pressed = table.find((shortcut) => shortcut.run && matches(event, shortcut.keys));
    if (!pressed?.run || document.querySelector('dialog[open]')) return;
    event.preventDefault();
    pressed.run();
  });
  fillDialog(table);
  part('open-shortcuts', HTMLElement).addEventListener('click', openShortcuts);
}

export function openShortcuts(): void {
  part('shortcuts', HTMLDialogElement).showModal();
}

export function matches(event: KeyboardEvent, keys: readonly string[]): boolean {
  const wantsShift = keys.includes('Shift');
  const wantsControl = keys.includes('Control');
  return (
    event.key.toLowerCase() === keys.at(-1)?.toLowerCase() &&
    (event.ctrlKey || event.metaKey) === wantsControl &&
    event.shiftKey === wantsShift &&
    !event.altKey
  );
}

function fillDialog(table: Shortcut[]): void {
  const dialog = part('shortcuts', HTMLDialogElement);
  const rows = table.flatMap((shortcut) => [
    element('dt', {}, ...shortcut.keys.map((key) => element('kbd', {}, keyLabel(key)))),
    element('dd', {}, shortcut.does),
  ]);
  dialog.replaceChildren(
    element('h2', { id: 'shortcuts-heading' }, 'Keyboard shortcuts'),
    element('dl', { class: 'shortcut-list' }, ...rows),
    element(
      'div',
      { class: 'button-row end' },
      button({ label: 'Close', onClick: () => dialog.close() }),
    ),
  );
}

function keyLabel(key: string): string {
  const isMac = /Mac|iP(hone|ad|od)/.test(navigator.userAgent);
  if (key === 'Control') return isMac ? '⌘' : 'Ctrl';
  if (key === 'Escape') return 'Esc';
  return key;
}
