// Light, dark, or as the system has it.
import { element, icon, part } from '../element.ts';
import type { PreferenceStore, Theme } from '../preferences.ts';

const kChoices: readonly [Theme, string, string][] = [
  ['system', 'As the system', 'screen'],
  ['light', 'Light', 'sun'],
  ['dark', 'Dark', 'moon'],
];

export function applyTheme(theme: Theme): void {
  document.documentElement.dataset['theme'] = theme;
}

export function createThemeChoice(preferences: PreferenceStore): void {
  const choices = kChoices.map(([theme, label, iconName]) => {
    const radio = element('input', { type: 'radio', name: 'theme', value: theme });
    radio.checked = preferences.get('theme') === theme;
    radio.addEventListener('change', () => {
      preferences.set('theme', theme);
      applyTheme(theme);
    });
    return element(
      'label',
      { title: label },
      radio,
      icon(iconName),
      element('span', { class: 'visually-hidden' }, label),
    );
  });
  part('theme', HTMLElement).append(...choices);
}
