// Shards over HTTP: GET /shards/<sha256>, with Range where an earlier download broke off.
import type { Clock } from '../clock.ts';
import { TesseraError } from '../tesseraError.ts';
import type { Shard } from './manifest.ts';
import type { ShardSource } from './shardSource.ts';

// A server that sends nothing for this long is as good as gone.
export const kStallMsMax = 30_000;

export interface HttpShardSourceOptions {
  baseUrl: string;
  fetch: typeof fetch;
  clock: Clock;
  // Whether the browser's HTTP cache may keep shards: not where the library keeps them itself.
  usesHttpCache: boolean;
}

export class HttpShardSource implements ShardSource {
  readonly #options: HttpShardSourceOptions;

  constructor(options: HttpShardSourceOptions) {
    this.#options = options;
  }

  async *open(
    shard: Shard,
    offset: number,
    isReload: boolean,
    signal: AbortSignal,
  ): AsyncGenerator<Uint8Array> {
    const stall = new StallGuard(this.#options.clock, signal);
    try {
      const response = await this.#request(shard, offset, isReload, stall);
      if (!response.body) throw new TesseraError('network', 'The server sent nothing.');
      let skip = offset - firstByte(response, shard);
      for await (const chunk of chunksOf(response.body, stall)) {
        if (chunk.length > skip) yield chunk.subarray(skip);
        skip = Math.max(0, skip - chunk.length);
      }
    } catch (thrown) {
      throw stall.hasStalled ? new TesseraError('network', 'The server stopped sending.') : thrown;
    } finally {
      stall.end();
    }
  }

  close(): void {
    // Nothing is kept open between shards.
  }

  async #request(
    shard: Shard,
    offset: number,
    isReload: boolean,
    stall: StallGuard,
  ): Promise<Response> {
    const url = new URL(`/shards/${shard.sha256}`, this.#options.baseUrl).href;
    const usual = this.#options.usesHttpCache ? 'default' : 'no-store';
    const response = await this.#options.fetch(url, {
      signal: stall.signal,
      cache: isReload ? 'reload' : usual,
      headers: offset > 0 ? { Range: `bytes=${offset}-` } : {},
    });
    if (response.status === 404) {
      throw new TesseraError(
        'shard_not_found',
        `Part ${shard.index} of the model (${shard.sha256}) is missing on the server.`,
      );
    }
    if (!response.ok) {
      throw new TesseraError('network', `The server answered ${response.status}.`);
    }
    return response;
  }
}

// Where the body begins in the shard: a server may ignore Range and send everything.
function firstByte(response: Response, shard: Shard): number {
  if (response.status !== 206) return 0;
  const range = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(response.headers.get('Content-Range') ?? '');
  const size = range?.[2];
  if (!range || (size !== '*' && Number(size) !== shard.sizeBytes)) {
    throw new TesseraError(
      'invalid_file',
      `The server sent another range of shard ${shard.sha256} than was asked for.`,
    );
  }
  return Number(range[1]);
}

// Not every browser can iterate a ReadableStream.
async function* chunksOf(
  body: ReadableStream<Uint8Array>,
  stall: StallGuard,
): AsyncGenerator<Uint8Array> {
  const reader = body.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      stall.moved();
      yield value;
    }
  } finally {
    // Lets the connection go when the consumer stops early; a broken stream has nothing left to
    // cancel.
    reader.cancel().catch(() => undefined);
  }
}

// Aborts its signal when the outer one is aborted, or when moved() is not called for kStallMsMax.
class StallGuard {
  readonly #controller = new AbortController();
  readonly #clock: Clock;
  readonly #outer: AbortSignal;
  readonly #abort = () => this.#controller.abort();
  #stopTimer: () => void = () => undefined;
  hasStalled = false;

  constructor(clock: Clock, outer: AbortSignal) {
    this.#clock = clock;
    this.#outer = outer;
    outer.addEventListener('abort', this.#abort, { once: true });
    if (outer.aborted) this.#abort();
    this.moved();
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  moved(): void {
    this.#stopTimer();
    this.#stopTimer = this.#clock.after(kStallMsMax, () => {
      this.hasStalled = true;
      this.#abort();
    });
  }

  end(): void {
    this.#stopTimer();
    this.#outer.removeEventListener('abort', this.#abort);
  }
}
