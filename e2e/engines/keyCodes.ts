/** Key names of KeyboardEvent.key as the code points WebDriver wants (W3C WebDriver, 17.4.2). */
const codePoints: Record<string, string> = {
  Backspace: '\uE003',
  Tab: '\uE004',
  Enter: '\uE007',
  Shift: '\uE008',
  Control: '\uE009',
  Alt: '\uE00A',
  Escape: '\uE00C',
  PageUp: '\uE00E',
  PageDown: '\uE00F',
  End: '\uE010',
  Home: '\uE011',
  ArrowLeft: '\uE012',
  ArrowUp: '\uE013',
  ArrowRight: '\uE014',
  ArrowDown: '\uE015',
  Delete: '\uE017',
  Meta: '\uE03D',
};

export interface KeyAction {
  type: 'keyDown' | 'keyUp';
  value: string;
}

/** The downs and ups of a chord such as "Control+Shift+Enter", modifiers released last. */
export function chordActions(chord: string): KeyAction[] {
  const keys = (chord === '+' ? [chord] : chord.split('+')).map((name) => codePoints[name] ?? name);
  const downs = keys.map((value): KeyAction => ({ type: 'keyDown', value }));
  const ups = keys.map((value): KeyAction => ({ type: 'keyUp', value }));
  return [...downs, ...ups.reverse()];
}

export function typingActions(text: string): KeyAction[] {
  return Array.from(text).flatMap((character) =>
    chordActions(character === '\n' ? 'Enter' : character),
  );
}
