// @vitest-environment jsdom
import { beforeEach, describe, expect, it } from 'vitest';
import { PreferenceStore } from './preferences.ts';

beforeEach(() => localStorage.clear());

describe('preferences', () => {
  it('survive a reload', () => {
    const before = new PreferenceStore();
    before.set('theme', 'dark');
    before.set('serves', false);
    before.set('sampling', { temperature: 0.2 });
    const after = new PreferenceStore();
    expect(after.get('theme')).toBe('dark');
    expect(after.get('serves')).toBe(false);
    expect(after.get('sampling')).toEqual({ temperature: 0.2 });
  });

  it('begin with the system’s colours and an open API', () => {
    const preferences = new PreferenceStore();
    expect(preferences.get('theme')).toBe('system');
    expect(preferences.get('serves')).toBe(true);
    expect(preferences.get('model')).toBeNull();
    expect(preferences.get('showsTabPanel')).toBeNull();
  });

  it('ignore entries that are broken or of the wrong kind', () => {
    localStorage.setItem('tessera.theme', '"purple"');
    localStorage.setItem('tessera.model', '{');
    localStorage.setItem('tessera.sampling', '[1, 2]');
    const preferences = new PreferenceStore();
    expect(preferences.get('theme')).toBe('system');
    expect(preferences.get('model')).toBeNull();
    expect(preferences.get('sampling')).toEqual({});
  });

  it('of two tabs do not overwrite one another', () => {
    const left = new PreferenceStore();
    const right = new PreferenceStore();
    left.set('theme', 'light');
    right.set('model', 'story15m');
    const later = new PreferenceStore();
    expect(later.get('theme')).toBe('light');
    expect(later.get('model')).toBe('story15m');
  });

  it('last as long as the page where storage is full or forbidden', () => {
    const full = {
      getItem: () => null,
      setItem: () => {
        throw new DOMException('full', 'QuotaExceededError');
      },
    } as unknown as Storage;
    for (const storage of [full, null]) {
      const preferences = new PreferenceStore(storage);
      preferences.set('theme', 'dark');
      expect(preferences.get('theme')).toBe('dark');
    }
  });
});
