// The sampling settings a person can change: one row each, which makes its control, its limits and
// its request field.
import type { SamplingDefaults, SamplingParameters } from '../index.ts';

export type SettingName =
  'temperature' | 'top_p' | 'top_k' | 'min_p' | 'repetition_penalty' | 'seed' | 'max_tokens';

// Only what was changed: everything absent is the model's own choice.
export type SamplingSettings = Partial<Record<SettingName, number>>;

export interface SettingDescription {
  name: SettingName;
  label: string;
  explanation: string;
  min: number;
  max: number;
  step: number;
  // What an empty field means where models have no default for it.
  emptyMeans: string | null;
}

export const kSettings: readonly SettingDescription[] = [
  {
    name: 'temperature',
    label: 'Temperature',
    explanation: 'Higher is more surprising; 0 always takes the likeliest token.',
    min: 0,
    max: 2,
    step: 0.05,
    emptyMeans: null,
  },
  {
    name: 'top_p',
    label: 'Top-p',
    explanation: 'Choose among the likeliest tokens that together reach this probability.',
    min: 0.05,
    max: 1,
    step: 0.05,
    emptyMeans: null,
  },
  {
    name: 'top_k',
    label: 'Top-k',
    explanation: 'Choose among this many tokens; 0 is all of them.',
    min: 0,
    max: 200,
    step: 1,
    emptyMeans: null,
  },
  {
    name: 'min_p',
    label: 'Min-p',
    explanation: 'Leave out tokens less likely than this share of the likeliest; 0 is off.',
    min: 0,
    max: 0.5,
    step: 0.01,
    emptyMeans: null,
  },
  {
    name: 'repetition_penalty',
    label: 'Repetition penalty',
    explanation: 'Above 1 makes tokens that were used already less likely; 1 is off.',
    min: 0.8,
    max: 2,
    step: 0.05,
    emptyMeans: null,
  },
  {
    name: 'seed',
    label: 'Seed',
    explanation: 'The same seed, conversation and settings give the same answer.',
    min: 0,
    max: 4_294_967_295,
    step: 1,
    emptyMeans: 'random',
  },
  {
    name: 'max_tokens',
    label: 'Longest answer',
    explanation: 'In tokens; an answer that reaches it is cut off.',
    min: 1,
    max: 131_072,
    step: 1,
    emptyMeans: 'what fits',
  },
];

// What a model does when a setting is left alone; null where that is no number.
export function defaultOf(name: SettingName, defaults: SamplingDefaults): number | null {
  return name === 'seed' || name === 'max_tokens' ? null : defaults[name];
}

// A number within the setting's limits and, for whole settings, a whole one; null if the text is no
// number.
export function parseSetting(setting: SettingDescription, text: string): number | null {
  const trimmed = text.trim().replace(',', '.');
  const value = Number(trimmed);
  if (trimmed === '' || !Number.isFinite(value)) return null;
  const limited = Math.min(setting.max, Math.max(setting.min, value));
  return setting.step >= 1 ? Math.round(limited) : limited;
}

// Settings out of storage, which may have been written by another version: what is not understood
// is dropped.
export function readSamplingSettings(stored: unknown): SamplingSettings {
  if (typeof stored !== 'object' || stored === null) return {};
  const settings: SamplingSettings = {};
  for (const setting of kSettings) {
    const value: unknown = (stored as Record<string, unknown>)[setting.name];
    if (typeof value !== 'number') continue;
    const parsed = parseSetting(setting, String(value));
    if (parsed !== null) settings[setting.name] = parsed;
  }
  return settings;
}

export function samplingParameters(settings: SamplingSettings): SamplingParameters {
  return { ...settings };
}
