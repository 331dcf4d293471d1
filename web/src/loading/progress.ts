// How far loading a model has come, in bytes.

export type ShardTransport = 'http' | 'websocket';

export type LoadPhase = 'starting' | 'loading' | 'ready';

export interface LoadProgress {
  // "starting" (worker, Wasm, manifest), "loading" (shards), "ready" (can answer).
  phase: LoadPhase;
  // Verified and unverified bytes that arrived, of all shards together; the total is 0 until the
  // manifest is known.
  loadedBytes: number;
  totalBytes: number;
  // Part of loadedBytes that the browser's cache gave.
  cachedBytes: number;
  // Of the network, over the last seconds; 0 while nothing arrives.
  bytesPerSecond: number;
  shardsLoaded: number;
  shardsTotal: number;
  // Set while a broken connection is being retried: one sentence for a person.
  notice: string | null;
}
