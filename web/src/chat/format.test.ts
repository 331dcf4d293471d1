import { describe, expect, it } from 'vitest';
import {
  formatAge,
  formatBytes,
  formatPercent,
  formatQuantity,
  formatRate,
  formatSeconds,
} from './format.ts';

describe('numbers', () => {
  it.each([
    [0, '0 B'],
    [999, '999 B'],
    [1000, '1.0 KB'],
    [92_300_000, '92.3 MB'],
    [412_000_000, '412 MB'],
    [999_600_000, '1.0 GB'],
  ])('%d bytes are "%s"', (bytes, text) => expect(formatBytes(bytes)).toBe(text));

  it.each([
    [28.6, '29 ms'],
    [1234, '1.2 s'],
    [42_000, '42 s'],
    [95_000, '1 min 35 s'],
  ])('%d ms are "%s"', (milliseconds, text) => expect(formatSeconds(milliseconds)).toBe(text));

  it('a share is not rounded up to all', () => {
    expect(formatPercent(999, 1000)).toBe('99 %');
    expect(formatPercent(1000, 1000)).toBe('100 %');
    expect(formatPercent(1, 0)).toBe('0 %');
  });

  it('rates and quantities have their units', () => {
    expect(formatRate(7.25)).toBe('7.3 tokens/s');
    expect(formatRate(120.4)).toBe('120 tokens/s');
    expect(formatQuantity(1, 'token')).toBe('1 token');
    expect(formatQuantity(2048, 'token')).toBe('2,048 tokens');
  });
});

describe('ages', () => {
  const now = new Date(2026, 2, 31, 0, 5).getTime();
  it.each([
    [new Date(2026, 2, 31, 0, 1), 'Today'],
    [new Date(2026, 2, 30, 23, 59), 'Yesterday'],
    [new Date(2026, 2, 26), 'Last seven days'],
    [new Date(2026, 2, 5), 'Last thirty days'],
    [new Date(2025, 5, 1), 'Older'],
    [new Date(2026, 3, 2), 'Today'],
  ])('%s is "%s"', (time, text) => expect(formatAge(time.getTime(), now)).toBe(text));
});
