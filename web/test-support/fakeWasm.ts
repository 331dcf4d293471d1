// A Wasm module in JavaScript: the same calls over a heap of its own, with prepared answers instead
// of a model.
import type { WasmModule } from '../src/runtime/wasmModule.ts';
import { settle } from './fakeClock.ts';

interface FakeManifest {
  shards: { size_bytes: number }[];
}

type Parameters = Record<string, unknown>;
type Method = (parameters: Parameters) => unknown;

export interface FakeWasmOptions {
  // Tokens of every answer.
  answer?: string[];
  prefillChunks?: number;
  // Overrides of single methods; may throw {code, message}.
  methods?: Record<string, Method>;
  heapBytes?: number;
}

export class FakeWasm implements WasmModule {
  readonly calls: { method: string; parameters: Parameters }[] = [];
  readonly finishedShards: number[] = [];
  HEAPU8: Uint8Array;
  #top = 64;
  #result: { pointer: number; sizeBytes: number } = { pointer: 0, sizeBytes: 0 };
  #manifest: FakeManifest = { shards: [] };
  #pointers: number[] = [];
  #steps: unknown[] = [];
  readonly #options: FakeWasmOptions;

  constructor(options: FakeWasmOptions = {}) {
    this.#options = options;
    this.HEAPU8 = new Uint8Array(options.heapBytes ?? 1 << 20);
  }

  _malloc(sizeBytes: number): number {
    const pointer = this.#top;
    this.#top += sizeBytes;
    if (this.#top > this.HEAPU8.length) {
      // Grows as a real memory does: the old view is left behind.
      const grown = new Uint8Array(this.#top * 2);
      grown.set(this.HEAPU8);
      this.HEAPU8 = grown;
    }
    return pointer;
  }

  _free(): void {
    // The heap of a test is thrown away as a whole.
  }

  _tessera_call(method: number, methodSize: number, json: number, jsonSize: number): number {
    const name = this.#text(method, methodSize);
    const parameters = JSON.parse(this.#text(json, jsonSize)) as Parameters;
    this.calls.push({ method: name, parameters });
    let reply: unknown;
    try {
      const run = this.#options.methods?.[name] ?? this.#methods[name];
      if (!run) throw Object.assign(new Error(`no method ${name}`), { code: 'not_found' });
      reply = { ok: run(parameters) };
    } catch (thrown) {
      if (thrown instanceof WebAssembly.RuntimeError) throw thrown;
      const { code, message } = thrown as { code?: string; message: string };
      reply = { error: { code: code ?? 'internal', message } };
    }
    const bytes = new TextEncoder().encode(JSON.stringify(reply));
    const pointer = this._malloc(bytes.length);
    this.HEAPU8.set(bytes, pointer);
    this.#result = { pointer, sizeBytes: bytes.length };
    return pointer;
  }

  _tessera_result_size(): number {
    return this.#result.sizeBytes;
  }

  // The bytes a shard's span holds.
  shardBytes(shard: number): Uint8Array {
    const pointer = this.#pointers[shard] ?? 0;
    return this.HEAPU8.slice(pointer, pointer + (this.#manifest.shards[shard]?.size_bytes ?? 0));
  }

  callsOf(method: string): Parameters[] {
    return this.calls.filter((call) => call.method === method).map((call) => call.parameters);
  }

  #text(pointer: number, sizeBytes: number): string {
    return new TextDecoder().decode(this.HEAPU8.slice(pointer, pointer + sizeBytes));
  }

  readonly #methods: Record<string, Method> = {
    'model.create': ({ manifest, options }) => {
      this.#manifest = JSON.parse(manifest as string) as FakeManifest;
      this.#pointers = this.#manifest.shards.map((shard) => this._malloc(shard.size_bytes));
      const { context_tokens_max: context } = options as { context_tokens_max?: number };
      return { model: 1, context_tokens_max: context ?? 4096, memory: fakeMemory };
    },
    'model.shard_spans': ({ shard }) => ({
      spans: [
        {
          offset: 0,
          size_bytes: this.#manifest.shards[shard as number]?.size_bytes ?? 0,
          pointer: this.#pointers[shard as number] ?? 0,
        },
      ],
    }),
    'model.finish_shard': ({ shard }) => {
      this.finishedShards.push(shard as number);
      return { loaded: this.finishedShards.length, total: this.#manifest.shards.length };
    },
    'model.release': () => ({}),
    capabilities: () => ({ version: '1', variant: 'fake' }),
    'gpu.commands': () => ({ pointer: 64, words: 0 }),
    memory: () => fakeMemory,
    tokenize: ({ text }) => ({ ids: Array.from(text as string, (c) => c.codePointAt(0)) }),
    detokenize: ({ ids }) => ({ text: String.fromCodePoint(...(ids as number[])) }),
    'generation.start': (parameters) => {
      this.#steps = this.#makeSteps();
      return { prompt_tokens: 7, cached_tokens: 2, seed: parameters['seed'] };
    },
    'generation.step': () => this.#steps.shift(),
    'generation.cancel': () => {
      this.#steps = [];
      return {};
    },
    'generation.timings': () => ({ prompt_tokens: 5, prefill_ms: 50, tokens: 2, decode_ms: 100 }),
    forward: ({ ids }) => {
      const rows = (ids as number[]).length;
      const pointer = Math.ceil(this._malloc(rows * 4 + 4) / 4) * 4;
      new Float32Array(this.HEAPU8.buffer, pointer, rows).set(ids as number[]);
      return { rows, columns: 1, pointer };
    },
  };

  #makeSteps(): unknown[] {
    const answer = this.#options.answer ?? ['Once', ' upon', ' a time'];
    const total = this.#options.prefillChunks ?? 1;
    return [
      ...Array.from({ length: total }, (_, done) => ({ phase: 'prefill', done: done + 1, total })),
      ...answer.map((text, index) => ({
        phase: 'token',
        id: 100 + index,
        text,
        finish_reason: index + 1 === answer.length ? 'stop' : null,
      })),
    ];
  }
}

export const fakeMemory = {
  weights_bytes: 1000,
  kv_cache_bytes: 200,
  kv_bytes_per_token: 20,
  activations_bytes: 30,
  budget_bytes: 4000,
};

// Yields as a worker does, without a port of its own.
export const yieldToTest = settle;
