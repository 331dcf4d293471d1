import { describe, expect, test } from 'vitest';
import { ShardPlacement, type Span } from './shardPlacement.ts';

const shard = Uint8Array.from({ length: 100 }, (_, index) => index + 1);

const inHeap = (heap: () => Uint8Array) => ({ heap, writeGpu: () => undefined });

function place(spans: Span[], chunkSizes: number[]) {
  const heap = new Uint8Array(1000);
  const placement = new ShardPlacement(
    spans,
    shard.length,
    inHeap(() => heap),
  );
  let offset = 0;
  for (const size of chunkSizes) {
    placement.write(offset, shard.subarray(offset, offset + size));
    offset += size;
  }
  expect(offset).toBe(shard.length);
  const read = new Uint8Array(shard.length).fill(0xee);
  placement.read(read);
  return { heap, placement, read };
}

describe('placing a shard', () => {
  test.each([
    ['one chunk', [100]],
    ['chunks across span borders', [33, 34, 33]],
    ['single bytes', Array<number>(100).fill(1)],
  ])('puts spans where they belong from %s', (_name, chunkSizes) => {
    const spans = [
      { offset: 0, sizeBytes: 40, pointer: 500 },
      { offset: 40, sizeBytes: 60, pointer: 100 },
    ];
    const { heap, placement, read } = place(spans, chunkSizes);
    expect(heap.slice(500, 540)).toEqual(shard.slice(0, 40));
    expect(heap.slice(100, 160)).toEqual(shard.slice(40));
    expect(heap.reduce((sum, byte) => sum + byte, 0)).toBe(5050);
    expect(placement.gapBytes).toBe(0);
    expect(read).toEqual(shard);
  });

  test('keeps what lies between spans, for the hash', () => {
    const spans = [
      { offset: 70, sizeBytes: 20, pointer: 0 },
      { offset: 10, sizeBytes: 20, pointer: 64 },
    ];
    const { placement, read } = place(spans, [25, 50, 25]);
    expect(placement.gapBytes).toBe(60);
    expect(read).toEqual(shard);
  });

  test('writes bytes that two tensors share to both', () => {
    const spans = [
      { offset: 0, sizeBytes: 100, pointer: 0 },
      { offset: 20, sizeBytes: 30, pointer: 300 },
    ];
    const { heap, read } = place(spans, [60, 40]);
    expect(heap.slice(300, 330)).toEqual(shard.slice(20, 50));
    expect(read).toEqual(shard);
  });

  test('a shard that nothing uses is kept outside whole', () => {
    const { placement, read } = place([], [100]);
    expect(placement.gapBytes).toBe(100);
    expect(read).toEqual(shard);
  });

  test('uses the heap of the moment, not an old one', () => {
    let heap = new Uint8Array(200);
    const spans = [{ offset: 0, sizeBytes: 4, pointer: 8 }];
    const placement = new ShardPlacement(
      spans,
      4,
      inHeap(() => heap),
    );
    placement.write(0, shard.subarray(0, 2));
    const grown = new Uint8Array(400);
    grown.set(heap);
    heap = grown;
    placement.write(2, shard.subarray(2, 4));
    const read = new Uint8Array(4);
    placement.read(read);
    expect(read).toEqual(shard.slice(0, 4));
  });

  test('refuses to be read into a buffer of another size', () => {
    const placement = new ShardPlacement(
      [],
      4,
      inHeap(() => shard),
    );
    expect(() => placement.read(new Uint8Array(5))).toThrow(RangeError);
  });
});
