import { describe, expect, test } from 'vitest';
import { FakeClock } from '../../test-support/fakeClock.ts';
import {
  FakeServer,
  hashOf,
  makePackage,
  type FakePackage,
  type Fault,
} from '../../test-support/fakeServer.ts';
import { MemoryCache } from '../../test-support/memoryCache.ts';
import { HttpShardSource, kStallMsMax } from './httpShardSource.ts';
import { readManifest, type Shard } from './manifest.ts';
import type { LoadProgress } from './progress.ts';
import { ProgressMeter } from './progressMeter.ts';
import { kRetryBackoff } from './retry.ts';
import { ShardLoader } from './shardLoader.ts';
import type { GpuSpan, Span } from './shardPlacement.ts';

const baseUrl = 'http://server';

interface WrittenSpan {
  span: GpuSpan;
  bytes: number[];
}

function setUp(
  fakePackage: FakePackage,
  fault?: (path: string, count: number) => Fault | null,
  spansOf?: (shard: Shard) => Span[],
) {
  const server = new FakeServer(
    fakePackage,
    (request, count) => fault?.(request.path, count) ?? null,
  );
  const clock = new FakeClock();
  const cache = new MemoryCache();
  const heap = new Uint8Array(10_000);
  const finished: number[] = [];
  const written: WrittenSpan[] = [];
  const told: LoadProgress[] = [];
  const { shards } = readManifest(fakePackage.manifestText, baseUrl);
  const pointerOf = (shard: Shard) =>
    shards.slice(0, shard.index).reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  const inHeap = (shard: Shard): Span[] => [
    { offset: 0, sizeBytes: shard.sizeBytes, pointer: pointerOf(shard) },
  ];
  const meter = new ProgressMeter(clock, (progress) => told.push(progress));
  const controller = new AbortController();
  const load = () => {
    const loader = new ShardLoader({
      source: new HttpShardSource({ baseUrl, fetch: server.fetch, clock, usesHttpCache: false }),
      cache,
      destination: {
        spansOf: spansOf ?? inHeap,
        heap: () => heap,
        writeGpu: (span, bytes) => written.push({ span, bytes: [...bytes] }),
        finish: (shard) => {
          finished.push(shard.index);
        },
      },
      sha256: (bytes) => Promise.resolve(hashOf(bytes)),
      meter,
      retry: {
        clock,
        backoff: kRetryBackoff,
        failuresMax: 3,
        onNotice: (notice) => meter.setNotice(notice),
      },
      parallel: 3,
    });
    return clock.runUntil(loader.load(shards, controller.signal));
  };
  const expected = Buffer.concat(fakePackage.shards.map(({ bytes }) => bytes));
  const isComplete = () => Buffer.from(heap.subarray(0, expected.length)).equals(expected);
  return { server, clock, cache, finished, written, told, controller, load, isComplete, shards };
}

const pathOf = (fakePackage: FakePackage, index: number) =>
  `/shards/${fakePackage.shards[index]?.sha256 ?? ''}`;

describe('loading shards', () => {
  test('puts every byte in place and finishes each shard once', async () => {
    const { load, isComplete, finished, server, told } = setUp(makePackage([100, 1, 57, 300, 8]));
    await load();
    expect(isComplete()).toBe(true);
    expect(finished.toSorted()).toEqual([0, 1, 2, 3, 4]);
    expect(server.shardRequests()).toHaveLength(5);
    expect(told.at(-1)).toMatchObject({ loadedBytes: 466, cachedBytes: 0, shardsLoaded: 5 });
  });

  test('asks in order of priority, then of index', async () => {
    const fakePackage = makePackage([10, 11, 12, 13], {}, [5, 0, 5, 1]);
    const { load, server } = setUp(fakePackage);
    await load();
    const order = [1, 3, 0, 2].map((index) => pathOf(fakePackage, index));
    expect(server.shardRequests().map(({ path }) => path)).toEqual(order);
  });

  test('reads no more shards at once than allowed', async () => {
    const { load, server } = setUp(
      makePackage(
        Array<number>(12)
          .fill(64)
          .map((n, i) => n + i),
      ),
    );
    await load();
    expect(server.openMax).toBe(3);
  });

  test('a second visit downloads nothing', async () => {
    const visit = setUp(makePackage([100, 200]));
    await visit.load();
    const before = visit.server.requests.length;
    await visit.load();
    expect(visit.server.requests).toHaveLength(before);
    expect(visit.told.at(-1)).toMatchObject({ cachedBytes: 300 });
    expect(visit.isComplete()).toBe(true);
  });

  test.each([
    ['a flipped bit', (bytes: Uint8Array) => bytes.map((byte, at) => (at === 3 ? byte ^ 4 : byte))],
    ['bytes missing', (bytes: Uint8Array) => bytes.slice(0, -1)],
    ['bytes too many', (bytes: Uint8Array) => Uint8Array.of(...bytes, 1)],
    ['nothing in it', () => new Uint8Array()],
  ])('a cache entry with %s is fetched again and replaced', async (_name, damage) => {
    const fakePackage = makePackage([100]);
    const { load, cache, isComplete, server, told } = setUp(fakePackage);
    const { sha256: hash, bytes } = fakePackage.shards[0] ?? {
      sha256: '',
      bytes: new Uint8Array(),
    };
    cache.entries.set(hash, Uint8Array.from(damage(bytes)));
    await load();
    expect(isComplete()).toBe(true);
    expect(server.shardRequests()).toHaveLength(1);
    expect(cache.entries.get(hash)).toEqual(bytes);
    expect(told.at(-1)).toMatchObject({ loadedBytes: 100, cachedBytes: 0 });
  });

  test('a shard that arrives damaged is fetched once more, past all caches', async () => {
    const fakePackage = makePackage([100]);
    const { load, isComplete, server, told } = setUp(fakePackage, (_path, count) =>
      count === 1 ? { type: 'wrong byte' } : null,
    );
    await load();
    expect(isComplete()).toBe(true);
    expect(server.shardRequests().map(({ cache }) => cache)).toEqual(['no-store', 'reload']);
    expect(told.at(-1)).toMatchObject({ loadedBytes: 100 });
  });

  test('a shard damaged twice is an error that names it, and nothing of it is kept', async () => {
    const fakePackage = makePackage([100, 50]);
    const bad = pathOf(fakePackage, 1);
    const { load, finished, cache } = setUp(fakePackage, (path) =>
      path === bad ? { type: 'wrong byte' } : null,
    );
    const hash = fakePackage.shards[1]?.sha256 ?? '';
    await expect(load()).rejects.toMatchObject({
      code: 'shard_corrupted',
      message: expect.stringContaining(hash) as string,
    });
    expect(finished).not.toContain(1);
    expect(cache.entries.has(hash)).toBe(false);
  });

  test('goes on where a broken connection stopped', async () => {
    const { load, isComplete, server } = setUp(makePackage([100]), (_path, count) =>
      count === 1 ? { type: 'breaks', afterBytes: 60 } : null,
    );
    await load();
    expect(isComplete()).toBe(true);
    expect(server.shardRequests().map(({ range }) => range)).toEqual([null, 'bytes=60-']);
  });

  test('is right even if the server ignores the range', async () => {
    const { load, isComplete, told } = setUp(makePackage([100]), (_path, count) =>
      count === 1 ? { type: 'breaks', afterBytes: 60 } : { type: 'ignores range' },
    );
    await load();
    expect(isComplete()).toBe(true);
    expect(told.at(-1)).toMatchObject({ loadedBytes: 100 });
  });

  test('outlasts a server that is away for a while, and says so meanwhile', async () => {
    const { load, isComplete, told } = setUp(makePackage([100]), (_path, count) =>
      count <= 3 ? { type: 'unreachable' } : null,
    );
    await load();
    expect(isComplete()).toBe(true);
    const notices = told.map(({ notice }) => notice);
    expect(notices.some((notice) => notice?.includes('Trying again'))).toBe(true);
    expect(notices.at(-1)).toBeNull();
  });

  test('many breaks do not matter as long as each attempt gains something', async () => {
    const { load, isComplete } = setUp(makePackage([100]), () => ({
      type: 'breaks',
      afterBytes: 5,
    }));
    await load();
    expect(isComplete()).toBe(true);
  });

  test('gives up on a server that stays away', async () => {
    const { load, server } = setUp(makePackage([100]), () => ({ type: 'status', status: 502 }));
    await expect(load()).rejects.toMatchObject({ code: 'network' });
    expect(server.shardRequests()).toHaveLength(4);
  });

  test('does not retry what is missing', async () => {
    const { load, server } = setUp(makePackage([100]), () => ({ type: 'status', status: 404 }));
    await expect(load()).rejects.toMatchObject({ code: 'shard_not_found' });
    expect(server.shardRequests()).toHaveLength(1);
  });

  test('a server that stops sending is asked again', async () => {
    const { load, isComplete, clock, server } = setUp(makePackage([100]), (_path, count) =>
      count === 1 ? { type: 'hangs' } : null,
    );
    await load();
    expect(isComplete()).toBe(true);
    expect(clock.now()).toBeGreaterThanOrEqual(kStallMsMax);
    expect(server.open).toBe(0);
  });

  test('gives a GPU its bytes once, and only after they are verified', async () => {
    const fakePackage = makePackage([100]);
    const spans = [
      { offset: 40, sizeBytes: 60, buffer: 3, bufferOffsetBytes: 16 },
      { offset: 0, sizeBytes: 10, pointer: 0 },
      { offset: 30, sizeBytes: 10, tensor: 4, tensorOffsetBytes: 0 },
    ];
    const damaged = (_path: string, count: number): Fault | null =>
      count === 1 ? { type: 'wrong byte' } : null;
    const { load, written, finished } = setUp(fakePackage, damaged, () => spans);
    await load();
    const bytes = [...(fakePackage.shards[0]?.bytes ?? [])];
    expect(written).toEqual([
      { span: spans[0], bytes: bytes.slice(40) },
      { span: spans[2], bytes: bytes.slice(30, 40) },
    ]);
    expect(finished).toEqual([0]);
  });

  test('aborting stops all downloads', async () => {
    const { load, controller, server, clock } = setUp(makePackage([100, 100, 100]), () => ({
      type: 'hangs',
    }));
    clock.after(10, () => controller.abort());
    await expect(load()).rejects.toMatchObject({ code: 'cancelled' });
    expect(server.open).toBe(0);
    expect(clock.pendingAlarms).toBe(0);
  });

  test('an error in one shard stops the others', async () => {
    const fakePackage = makePackage([100, 200, 300, 400]);
    const missing = pathOf(fakePackage, 0);
    const { load, server } = setUp(fakePackage, (path) =>
      path === missing ? { type: 'status', status: 404 } : { type: 'hangs' },
    );
    await expect(load()).rejects.toMatchObject({ code: 'shard_not_found' });
    expect(server.open).toBe(0);
    expect(server.shardRequests().length).toBeLessThanOrEqual(3);
  });
});
