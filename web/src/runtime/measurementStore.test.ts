import { describe, expect, test } from 'vitest';
import { openMeasurementStore } from './measurementStore.ts';

function fakeStorage() {
  const entries = new Map<string, string>();
  const cache = {
    match: (url: string) => {
      const text = entries.get(url);
      return Promise.resolve(text === undefined ? undefined : new Response(text));
    },
    put: async (url: string, response: Response) => {
      entries.set(url, await response.text());
    },
  };
  return { storage: { open: () => Promise.resolve(cache) } as unknown as CacheStorage, entries };
}

describe('measurements of earlier visits', () => {
  test('are given back under their key', async () => {
    const store = await openMeasurementStore(fakeStorage().storage);
    const measurement = { wasmTokensPerSecond: 1.5, webgpuTokensPerSecond: 2 };
    await store?.remember('an adapter | a build', measurement);
    expect(await store?.recall('an adapter | a build')).toEqual(measurement);
    expect(await store?.recall('an adapter | another build')).toBeNull();
  });

  test.each(['', 'null', '[]', '{"wasmTokensPerSecond":1}'])(
    '“%s” is no measurement',
    async (text) => {
      const { storage, entries } = fakeStorage();
      const store = await openMeasurementStore(storage);
      await store?.remember('key', { wasmTokensPerSecond: 1, webgpuTokensPerSecond: 2 });
      for (const url of entries.keys()) entries.set(url, text);
      expect(await store?.recall('key')).toBeNull();
    },
  );

  test('are not kept where there is no cache', async () => {
    expect(await openMeasurementStore(undefined)).toBeNull();
  });
});
