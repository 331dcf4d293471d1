// A shard cache in memory.
import type { ShardCache } from '../src/loading/shardCache.ts';

export class MemoryCache implements ShardCache {
  readonly entries = new Map<string, Uint8Array<ArrayBuffer>>();

  open(sha256: string): Promise<AsyncIterable<Uint8Array> | null> {
    const bytes = this.entries.get(sha256);
    return Promise.resolve(bytes ? inChunks(bytes) : null);
  }

  put(sha256: string, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    this.entries.set(sha256, bytes.slice());
    return Promise.resolve();
  }

  remove(sha256: string): Promise<void> {
    this.entries.delete(sha256);
    return Promise.resolve();
  }
}

async function* inChunks(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  const half = Math.ceil(bytes.length / 2);
  await Promise.resolve();
  yield bytes.slice(0, half);
  if (half < bytes.length) yield bytes.slice(half);
}
