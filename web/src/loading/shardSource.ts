// Where a shard's bytes come from.
import type { Shard } from './manifest.ts';

export interface ShardSource {
  // The shard's bytes from `offset` to its end, in order. May end early or throw "network" when the
  // connection breaks: whoever reads counts, and opens again at the new offset.
  // `isReload` goes around whatever caches lie between, because what they gave was wrong.
  open(
    shard: Shard,
    offset: number,
    isReload: boolean,
    signal: AbortSignal,
  ): AsyncIterable<Uint8Array>;
  close(): void;
}
