import { describe, expect, test } from 'vitest';
import { settle } from '../../test-support/fakeClock.ts';
import { TurnQueue } from './turnQueue.ts';
import type { RequestOrigin } from './workerMethods.ts';

function setUp() {
  const queue = new TurnQueue();
  const order: string[] = [];
  const ends: (() => void)[] = [];
  const enter = (name: string, origin: RequestOrigin, signal = new AbortController().signal) =>
    queue
      .enter(origin, signal, () => order.push(`${name} waits`))
      .then((end) => {
        order.push(name);
        ends.push(end);
      });
  return { order, ends, enter };
}

describe('taking turns', () => {
  test('the first goes in without waiting', async () => {
    const { order, enter } = setUp();
    await enter('a', 'local');
    expect(order).toEqual(['a']);
  });

  test('local and remote requests alternate, each line in order', async () => {
    const { order, ends, enter } = setUp();
    void enter('local 1', 'local');
    for (const name of ['local 2', 'local 3', 'local 4']) void enter(name, 'local');
    for (const name of ['remote 1', 'remote 2']) void enter(name, 'remote');
    for (let turn = 0; turn < 6; turn += 1) {
      await settle();
      expect(ends).toHaveLength(turn + 1);
      ends[turn]?.();
    }
    expect(order.filter((entry) => !entry.endsWith('waits'))).toEqual([
      'local 1',
      'remote 1',
      'local 2',
      'remote 2',
      'local 3',
      'local 4',
    ]);
  });

  test('one that is cancelled while waiting leaves the line', async () => {
    const { order, ends, enter } = setUp();
    const controller = new AbortController();
    await enter('a', 'local');
    const waiting = enter('b', 'remote', controller.signal);
    void enter('c', 'remote');
    controller.abort();
    await expect(waiting).rejects.toMatchObject({ code: 'cancelled' });
    ends[0]?.();
    await settle();
    expect(order).toEqual(['a', 'b waits', 'c waits', 'c']);
  });

  test('one that is cancelled before it comes never enters', async () => {
    const { enter, order } = setUp();
    await expect(enter('a', 'local', AbortSignal.abort())).rejects.toMatchObject({
      code: 'cancelled',
    });
    await enter('b', 'local');
    expect(order).toEqual(['b']);
  });

  test('ending a turn twice lets in one, not two', async () => {
    const { order, ends, enter } = setUp();
    await enter('a', 'local');
    void enter('b', 'local');
    void enter('c', 'local');
    ends[0]?.();
    ends[0]?.();
    await settle();
    expect(order.filter((entry) => !entry.endsWith('waits'))).toEqual(['a', 'b']);
  });
});
