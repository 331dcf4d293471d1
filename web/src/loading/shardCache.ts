// Verified shards, kept by the browser between visits under their hash.

export interface ShardCache {
  // The stored bytes as a stream, or null.
  open(sha256: string): Promise<AsyncIterable<Uint8Array> | null>;
  // Never rejects: a cache that is full or broken only costs the next visit time.
  // The bytes may be changed as soon as it resolves.
  put(sha256: string, bytes: Uint8Array<ArrayBuffer>): Promise<void>;
  remove(sha256: string): Promise<void>;
}

const kCacheName = 'tessera-shards-1';

// The Cache API wants addresses; a hash is the same shard whichever server it came from.
function address(sha256: string): string {
  return `https://shards.tessera.invalid/${sha256}`;
}

// Null where the browser has no Cache API for this page (insecure contexts, some private windows).
export async function openShardCache(
  storage: CacheStorage | undefined = (globalThis as { caches?: CacheStorage }).caches,
): Promise<ShardCache | null> {
  if (!storage) return null;
  try {
    return new BrowserShardCache(await storage.open(kCacheName));
  } catch {
    return null;
  }
}

class BrowserShardCache implements ShardCache {
  readonly #cache: Cache;
  // After a quota failure every further attempt would write megabytes in vain.
  #isFull = false;

  constructor(cache: Cache) {
    this.#cache = cache;
  }

  async open(sha256: string): Promise<AsyncIterable<Uint8Array> | null> {
    try {
      const response = await this.#cache.match(address(sha256));
      return response?.body ? chunksOf(response.body) : null;
    } catch {
      return null;
    }
  }

  async put(sha256: string, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    if (this.#isFull) return;
    try {
      await this.#cache.put(address(sha256), new Response(bytes));
    } catch {
      this.#isFull = true;
    }
  }

  async remove(sha256: string): Promise<void> {
    try {
      await this.#cache.delete(address(sha256));
    } catch {
      // An entry that cannot be removed is verified, and refused, again.
    }
  }
}

async function* chunksOf(body: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  const reader = body.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield value;
    }
  } finally {
    reader.cancel().catch(() => undefined);
  }
}
