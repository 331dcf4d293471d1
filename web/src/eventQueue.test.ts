import { describe, expect, test } from 'vitest';
import { EventQueue } from './eventQueue.ts';

describe('an event queue', () => {
  test('gives events in order, those before and those after they are asked for', async () => {
    const queue = new EventQueue<number>();
    queue.push(0);
    queue.push(1);
    const reading = (async () => {
      const read: number[] = [];
      for await (const event of queue) read.push(event);
      return read;
    })();
    await Promise.resolve();
    queue.push(2);
    await Promise.resolve();
    queue.push(3);
    queue.end();
    queue.push(4);
    expect(await reading).toEqual([0, 1, 2, 3]);
  });

  test('an error comes after what was pushed before it', async () => {
    const queue = new EventQueue<string>();
    queue.push('a');
    queue.fail(new Error('broke'));
    const read: string[] = [];
    const reading = (async () => {
      for await (const event of queue) read.push(event);
    })();
    await expect(reading).rejects.toThrow('broke');
    expect(read).toEqual(['a']);
  });

  test('a reader that leaves is noticed, once, and one that stays to the end is not', async () => {
    let abandoned = 0;
    const left = new EventQueue<string>(() => (abandoned += 1));
    left.push('a');
    for await (const _event of left) break;
    expect(abandoned).toBe(1);
    expect(left.isOpen).toBe(false);
    const ended = new EventQueue<string>(() => (abandoned += 1));
    ended.end();
    for await (const _event of ended) expect.unreachable();
    expect(abandoned).toBe(1);
  });

  test('only the first ending counts', async () => {
    const queue = new EventQueue<string>();
    queue.end();
    queue.fail(new Error('too late'));
    for await (const _event of queue) expect.unreachable();
  });
});
