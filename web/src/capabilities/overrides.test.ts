import { describe, expect, test } from 'vitest';
import { readOverrides } from './overrides.ts';

describe('overrides in the address', () => {
  test('reads all of them', () => {
    const all =
      '?backend=webgpu&features=f16&threads=1&variant=simd&transport=websocket&testing=true&kv=4';
    expect(readOverrides(all)).toEqual({
      backend: 'webgpu',
      features: 'f16',
      isTesting: true,
      kvType: '4',
      threads: 1,
      variant: 'simd',
      transport: 'websocket',
    });
  });

  test('an address without them prescribes nothing', () => {
    expect(readOverrides('')).toEqual({});
    expect(readOverrides('?backend=auto')).toEqual({});
    expect(readOverrides('?model=tiny&thread=3')).toEqual({});
  });

  test.each(['threads=0', 'threads=65', 'threads=2.5', 'threads=-1', 'threads=', 'threads=x'])(
    'refuses %s',
    (query) => {
      expect(() => readOverrides(`?${query}`)).toThrow(/threads must be a number from 1 to 64/);
    },
  );

  test.each(['backend=cuda', 'features=f64', 'variant=avx', 'transport=pigeon', 'kv=5', 'kv='])(
    'refuses %s, naming it',
    (query) => {
      expect(() => readOverrides(`?${query}`)).toThrow(query);
    },
  );
});
