import { describe, expect, test } from 'vitest';
import { openShardCache, type ShardCache } from './shardCache.ts';

const hash = 'a'.repeat(64);

// The Cache API over a Map; `fails` makes its next calls reject.
function fakeStorage() {
  const entries = new Map<string, Uint8Array<ArrayBuffer>>();
  const state = { fails: false, puts: 0 };
  const check = () => {
    if (state.fails) throw new DOMException('no room', 'QuotaExceededError');
  };
  const cache = {
    match: (url: string) =>
      Promise.resolve().then(() => {
        check();
        const bytes = entries.get(url);
        return bytes ? new Response(bytes) : undefined;
      }),
    put: async (url: string, response: Response) => {
      state.puts += 1;
      check();
      entries.set(url, new Uint8Array(await response.arrayBuffer()));
    },
    delete: (url: string) =>
      Promise.resolve().then(() => {
        check();
        return entries.delete(url);
      }),
  };
  const storage = { open: () => Promise.resolve(cache) } as unknown as CacheStorage;
  return { storage, state, entries };
}

async function readAll(cache: ShardCache | null): Promise<number[] | null> {
  const chunks = await cache?.open(hash);
  if (!chunks) return null;
  const bytes: number[] = [];
  for await (const chunk of chunks) bytes.push(...chunk);
  return bytes;
}

describe('the cache of shards', () => {
  test('gives back what was put, even if the buffer was used again since', async () => {
    const { storage } = fakeStorage();
    const cache = await openShardCache(storage);
    const bytes = Uint8Array.of(1, 2, 3);
    await cache?.put(hash, bytes);
    bytes.fill(9);
    expect(await readAll(cache)).toEqual([1, 2, 3]);
  });

  test('puts only the part of a larger buffer that is meant', async () => {
    const { storage } = fakeStorage();
    const cache = await openShardCache(storage);
    await cache?.put(hash, new Uint8Array(Uint8Array.of(1, 2, 3, 4).buffer, 0, 2));
    expect(await readAll(cache)).toEqual([1, 2]);
  });

  test('has nothing that was not put, or was removed', async () => {
    const { storage } = fakeStorage();
    const cache = await openShardCache(storage);
    expect(await readAll(cache)).toBeNull();
    await cache?.put(hash, Uint8Array.of(1));
    await cache?.remove(hash);
    expect(await readAll(cache)).toBeNull();
  });

  test('that is full takes no more, and fails nobody', async () => {
    const { storage, state } = fakeStorage();
    const cache = await openShardCache(storage);
    state.fails = true;
    await cache?.put(hash, Uint8Array.of(1));
    await cache?.put(hash, Uint8Array.of(1));
    await cache?.remove(hash);
    expect(await readAll(cache)).toBeNull();
    expect(state.puts).toBe(1);
  });

  test('is absent where the browser has none, or refuses it', async () => {
    const refusing = { open: () => Promise.reject(new Error('insecure')) };
    expect(await openShardCache(undefined)).toBeNull();
    expect(await openShardCache(refusing as unknown as CacheStorage)).toBeNull();
  });
});
