import { describe, expect, test } from 'vitest';
import { kPieceBytesMax, writeSpan } from './writeSpan.ts';

// A buffer of zeros that refuses what WebGPU refuses.
function fakeExecutor(sizeBytes: number) {
  const memory = new Uint8Array(sizeBytes);
  const sizes: number[] = [];
  const writeBuffer = (_buffer: number, offsetBytes: number, bytes: Uint8Array) => {
    if (offsetBytes % 4 !== 0 || bytes.length % 4 !== 0) throw new Error('not whole words');
    memory.set(bytes, offsetBytes);
    sizes.push(bytes.length);
  };
  return { executor: { writeBuffer }, memory, sizes };
}

describe('writing weights into a buffer', () => {
  test.each([0, 1, 2, 3, 4, 5, 11, 12])('%i bytes arrive, filled up with zeros', (size) => {
    const { executor, memory } = fakeExecutor(32);
    const bytes = Uint8Array.from({ length: size }, (_, index) => index + 1);
    writeSpan(executor, 1, 8, bytes);
    expect([...memory.subarray(8, 8 + size)]).toEqual([...bytes]);
    expect(memory.reduce((sum, byte) => sum + byte, 0)).toBe((size * (size + 1)) / 2);
  });

  test('much is written in pieces', () => {
    const size = 2 * kPieceBytesMax + 7;
    const { executor, memory, sizes } = fakeExecutor(size + 1);
    const bytes = new Uint8Array(size).fill(5);
    writeSpan(executor, 1, 0, bytes);
    expect(sizes).toEqual([kPieceBytesMax, kPieceBytesMax, 4, 4]);
    expect(memory.subarray(0, size).every((byte) => byte === 5)).toBe(true);
    expect(memory[size]).toBe(0);
  });

  test('refuses an offset inside a word', () => {
    expect(() => writeSpan(fakeExecutor(8).executor, 1, 2, new Uint8Array(4))).toThrow(/byte 2/);
  });
});
