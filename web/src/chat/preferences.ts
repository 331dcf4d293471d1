// Choices that outlive the tab, one localStorage entry each, so that tabs do not overwrite one
// another's.
import { readSamplingSettings, type SamplingSettings } from './sampling.ts';

export type Theme = 'system' | 'light' | 'dark';

export interface Preferences {
  theme: Theme;
  // The model of the last visit; null at the first.
  model: string | null;
  // "Answer API requests from this tab".
  serves: boolean;
  // What new conversations start with.
  systemPrompt: string;
  sampling: SamplingSettings;
  // Null until somebody has opened or closed them: then the width of the window decides.
  showsTabPanel: boolean | null;
  showsConversations: boolean | null;
}

const kPrefix = 'tessera.';

const readers: { [Name in keyof Preferences]: (stored: unknown) => Preferences[Name] } = {
  theme: (stored) => (stored === 'light' || stored === 'dark' ? stored : 'system'),
  model: (stored) => (typeof stored === 'string' ? stored : null),
  serves: (stored) => stored !== false,
  systemPrompt: (stored) => (typeof stored === 'string' ? stored : ''),
  sampling: readSamplingSettings,
  showsTabPanel: (stored) => (typeof stored === 'boolean' ? stored : null),
  showsConversations: (stored) => (typeof stored === 'boolean' ? stored : null),
};

// Storage that is missing, full or forbidden is no error: the choice then lasts as long as the
// page.
export class PreferenceStore {
  readonly #storage: Storage | null;
  readonly #written: Partial<Preferences> = {};

  constructor(storage: Storage | null = localStorageOrNull()) {
    this.#storage = storage;
  }

  get<Name extends keyof Preferences>(name: Name): Preferences[Name] {
    const written = this.#written[name];
    if (written !== undefined) return written;
    try {
      const text = this.#storage?.getItem(kPrefix + name) ?? null;
      return readers[name](text === null ? undefined : JSON.parse(text));
    } catch {
      return readers[name](undefined);
    }
  }

  set<Name extends keyof Preferences>(name: Name, value: Preferences[Name]): void {
    this.#written[name] = value;
    try {
      this.#storage?.setItem(kPrefix + name, JSON.stringify(value));
    } catch {
      // Full or forbidden.
    }
  }
}

function localStorageOrNull(): Storage | null {
  try {
    return globalThis.localStorage;
  } catch {
    return null;
  }
}
