// Brings all shards of a package into a model's memory: cached or fetched, several at once, each
// verified before the model may use it.
import { TesseraError, throwIfAborted } from '../tesseraError.ts';
import type { Shard } from './manifest.ts';
import type { ProgressMeter } from './progressMeter.ts';
import { retrying, type RetryPolicy } from './retry.ts';
import type { Sha256 } from './sha256.ts';
import type { ShardCache } from './shardCache.ts';
import { ShardPlacement, type ShardMemory, type Span } from './shardPlacement.ts';
import type { ShardSource } from './shardSource.ts';

// The model as the loader sees it.
export interface ShardDestination extends ShardMemory {
  spansOf(shard: Shard): Span[];
  // The shard is in place and verified. What it waits for holds up the loader, so that a slow
  // device is not flooded.
  finish(shard: Shard): Promise<void> | void;
}

export interface ShardLoaderOptions {
  source: ShardSource;
  cache: ShardCache | null;
  destination: ShardDestination;
  sha256: Sha256;
  meter: ProgressMeter;
  retry: RetryPolicy;
  // Shards on their way at once.
  parallel: number;
}

export const kShardsParallel = 4;

export class ShardLoader {
  readonly #options: ShardLoaderOptions;
  // A shard is copied out of the heap to be hashed and stored, one at a time, always into the same
  // buffer.
  #scratch = new ArrayBuffer(0);
  #verifying: Promise<unknown> = Promise.resolve();

  constructor(options: ShardLoaderOptions) {
    this.#options = options;
  }

  // Loads all, in order of priority. On the first error the other downloads are stopped.
  // Errors: "shard_corrupted" naming the shard, "shard_not_found", "network", "cancelled", or the
  // destination's.
  async load(shards: readonly Shard[], signal: AbortSignal): Promise<void> {
    const inOrder = [...shards].sort((a, b) => a.priority - b.priority || a.index - b.index);
    const controller = new AbortController();
    const abort = () => controller.abort();
    signal.addEventListener('abort', abort, { once: true });
    if (signal.aborted) abort();
    let next = 0;
    const work = async () => {
      for (let shard = inOrder[next++]; shard; shard = inOrder[next++]) {
        await this.#loadShard(shard, controller.signal);
      }
    };
    const workers = Array.from({ length: this.#options.parallel }, work);
    try {
      await Promise.all(workers);
    } finally {
      abort();
      signal.removeEventListener('abort', abort);
      await Promise.allSettled(workers);
      this.#scratch = new ArrayBuffer(0);
    }
  }

  async #loadShard(shard: Shard, signal: AbortSignal): Promise<void> {
    const { destination, meter, cache } = this.#options;
    throwIfAborted(signal);
    const spans = destination.spansOf(shard);
    const placement = new ShardPlacement(spans, shard.sizeBytes, destination);
    if (!(await this.#loadCached(shard, placement, signal))) {
      const isGood =
        (await this.#download(shard, placement, false, signal)) ||
        (await this.#download(shard, placement, true, signal));
      if (!isGood) {
        await cache?.remove(shard.sha256);
        throw new TesseraError(
          'shard_corrupted',
          `Part ${shard.index} of the model (${shard.sha256}) arrived damaged twice: ` +
            'its SHA-256 does not match. The file on the server is probably broken.',
        );
      }
    }
    throwIfAborted(signal);
    await destination.finish(shard);
    meter.finishedShard();
  }

  // False if the cache does not have it, or has something else.
  async #loadCached(
    shard: Shard,
    placement: ShardPlacement,
    signal: AbortSignal,
  ): Promise<boolean> {
    const { cache, meter } = this.#options;
    const chunks = await cache?.open(shard.sha256);
    if (!chunks) return false;
    let offset = 0;
    try {
      for await (const chunk of chunks) {
        throwIfAborted(signal);
        if (offset + chunk.length > shard.sizeBytes) break;
        placement.write(offset, chunk);
        offset += chunk.length;
        meter.receivedFromCache(chunk.length);
      }
    } catch {
      // Unreadable is as good as absent; an abort is noticed below.
    }
    throwIfAborted(signal);
    const isGood =
      offset === shard.sizeBytes && (await this.#verify(shard, placement, { store: false }));
    if (!isGood) {
      meter.takeBack(offset, true);
      await cache?.remove(shard.sha256);
    }
    return isGood;
  }

  // False if all bytes came but their hash is wrong.
  async #download(
    shard: Shard,
    placement: ShardPlacement,
    isReload: boolean,
    signal: AbortSignal,
  ): Promise<boolean> {
    const { source, meter, retry } = this.#options;
    let offset = 0;
    let offsetBefore = 0;
    const attempt = async () => {
      offsetBefore = offset;
      for await (const chunk of source.open(shard, offset, isReload, signal)) {
        throwIfAborted(signal);
        if (offset + chunk.length > shard.sizeBytes) throw tooLong(shard);
        placement.write(offset, chunk);
        offset += chunk.length;
        meter.received(chunk.length);
      }
      if (offset < shard.sizeBytes) throw new TesseraError('network', 'the download broke off');
    };
    await retrying(retry, signal, attempt, () => offset > offsetBefore);
    const isGood = await this.#verify(shard, placement, { store: true });
    if (!isGood) meter.takeBack(offset, false);
    return isGood;
  }

  // One shard at a time: the others go on downloading meanwhile.
  #verify(shard: Shard, placement: ShardPlacement, options: { store: boolean }): Promise<boolean> {
    const verification = this.#verifying.then(async () => {
      if (this.#scratch.byteLength < shard.sizeBytes) {
        this.#scratch = new ArrayBuffer(shard.sizeBytes);
      }
      const bytes = new Uint8Array(this.#scratch, 0, shard.sizeBytes);
      placement.read(bytes);
      if ((await this.#options.sha256(bytes)) !== shard.sha256) return false;
      placement.writeGpu(bytes);
      if (options.store) await this.#options.cache?.put(shard.sha256, bytes);
      return true;
    });
    this.#verifying = verification.catch(() => undefined);
    return verification;
  }
}

function tooLong(shard: Shard): TesseraError {
  return new TesseraError(
    'invalid_file',
    `The server sent more for shard ${shard.sha256} than the manifest announces.`,
  );
}
