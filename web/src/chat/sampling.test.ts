import { describe, expect, it } from 'vitest';
import { defaultOf, kSettings, parseSetting, readSamplingSettings } from './sampling.ts';

const settingNamed = (name: string) => {
  const found = kSettings.find((setting) => setting.name === name);
  if (!found) throw new Error(name);
  return found;
};

describe('a typed setting', () => {
  it.each([
    ['temperature', '0.7', 0.7],
    ['temperature', ' 0,7 ', 0.7],
    ['temperature', '9', 2],
    ['temperature', '-1', 0],
    ['top_k', '12.6', 13],
    ['seed', '0', 0],
    ['max_tokens', '0', 1],
  ])('%s "%s" becomes %d', (name, text, value) => {
    expect(parseSetting(settingNamed(name), text)).toBe(value);
  });

  it.each(['', '  ', 'warm', 'NaN', 'Infinity', '1e999'])('"%s" is none', (text) => {
    expect(parseSetting(settingNamed('temperature'), text)).toBeNull();
  });
});

describe('stored settings', () => {
  it('lose what is not understood and keep the rest within limits', () => {
    const stored = { temperature: 5, top_p: 'high', seed: 7, unknown: 1, min_p: null };
    expect(readSamplingSettings(stored)).toEqual({ temperature: 2, seed: 7 });
  });

  it.each([null, undefined, 'text', 3])('%s is none', (stored) => {
    expect(readSamplingSettings(stored)).toEqual({});
  });
});

describe('defaults', () => {
  it('are the model’s, where models have them', () => {
    const model = { temperature: 0.6, top_p: 0.9, top_k: 20, min_p: 0, repetition_penalty: 1.1 };
    expect(defaultOf('temperature', model)).toBe(0.6);
    expect(defaultOf('seed', model)).toBeNull();
    expect(defaultOf('max_tokens', model)).toBeNull();
  });
});
