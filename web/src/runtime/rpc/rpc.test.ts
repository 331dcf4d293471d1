import { describe, expect, test } from 'vitest';
import { settle } from '../../../test-support/fakeClock.ts';
import { TesseraError } from '../../tesseraError.ts';
import { RpcClient } from './rpcClient.ts';
import { serveRpc } from './rpcServer.ts';

// eslint-disable-next-line @typescript-eslint/consistent-type-definitions -- a record of methods
type Methods = {
  double: { parameters: number; event: never; result: number };
  count: { parameters: number; event: number; result: string };
  fail: { parameters: null; event: never; result: never };
  wait: { parameters: null; event: never; result: string };
};

function setUp() {
  const { port1, port2 } = new MessageChannel();
  const seen = { aborted: 0 };
  serveRpc<Methods>(port2, {
    double: (number) => number * 2,
    count: async (limit, { emit }) => {
      for (let number = 1; number <= limit; number += 1) {
        emit(number);
        await Promise.resolve();
      }
      return 'done';
    },
    fail: () => {
      throw new TesseraError('context_full', 'too long');
    },
    wait: (_parameters, { signal }) =>
      new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => {
          seen.aborted += 1;
          reject(TesseraError.cancelled());
        });
      }),
  });
  const client = new RpcClient<Methods>(port1);
  const close = () => {
    port1.close();
    port2.close();
  };
  return { client, seen, close };
}

describe('calls between page and worker', () => {
  test('results find their calls', async () => {
    const { client, close } = setUp();
    const results = await Promise.all([1, 2, 3].map((number) => client.call('double', number)));
    expect(results).toEqual([2, 4, 6]);
    close();
  });

  test('events come in order, before the result', async () => {
    const { client, close } = setUp();
    const events: number[] = [];
    const result = await client.call('count', 3, { onEvent: (event) => events.push(event) });
    expect(result).toBe('done');
    expect(events).toEqual([1, 2, 3]);
    close();
  });

  test('an error arrives with code and message', async () => {
    const { client, close } = setUp();
    const failure = client.call('fail', null);
    await expect(failure).rejects.toBeInstanceOf(TesseraError);
    await expect(failure).rejects.toMatchObject({ code: 'context_full', message: 'too long' });
    close();
  });

  test('aborting rejects at once and reaches the handler', async () => {
    const { client, seen, close } = setUp();
    const controller = new AbortController();
    const call = client.call('wait', null, { signal: controller.signal });
    await settle();
    controller.abort();
    await expect(call).rejects.toMatchObject({ code: 'cancelled' });
    await settle();
    expect(seen.aborted).toBe(1);
    close();
  });

  test('a call that is aborted before it starts never reaches the worker', async () => {
    const { client, seen, close } = setUp();
    const call = client.call('wait', null, { signal: AbortSignal.abort() });
    await expect(call).rejects.toMatchObject({ code: 'cancelled' });
    await settle();
    expect(seen.aborted).toBe(0);
    close();
  });

  test('closing rejects what is pending and what comes later', async () => {
    const { client, close } = setUp();
    const pending = client.call('wait', null);
    client.close(new TesseraError('worker_failed', 'it broke'));
    await expect(pending).rejects.toMatchObject({ code: 'worker_failed' });
    await expect(client.call('double', 1)).rejects.toMatchObject({ code: 'worker_failed' });
    close();
  });

  test('an unknown method is refused, also one that every object has', async () => {
    const { client, close } = setUp();
    const call = (name: string) => client.call(name as 'double', 1);
    await expect(call('absent')).rejects.toMatchObject({ code: 'unsupported' });
    await expect(call('toString')).rejects.toMatchObject({ code: 'unsupported' });
    close();
  });
});
