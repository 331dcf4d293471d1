// fetch() against a package in memory, with faults a test asks for.
import { createHash } from 'node:crypto';

export interface FakePackage {
  name: string;
  manifestText: string;
  shards: { sha256: string; bytes: Uint8Array<ArrayBuffer> }[];
}

export function makePackage(
  shardSizes: readonly number[],
  fields: Record<string, unknown> = {},
  priorities: readonly number[] = [],
): FakePackage {
  const shards = shardSizes.map((size, index) => {
    const bytes = Uint8Array.from({ length: size }, (_, at) => (at * 7 + index * 31) % 251);
    return { sha256: hashOf(bytes), bytes };
  });
  const manifest = {
    format: 'tessera-package',
    version: 1,
    name: 'tiny',
    architecture: 'llama',
    configuration: { max_position_embeddings: 1024 },
    generation: { temperature: 0.5, top_p: 0.9 },
    chat_template:
      "{% for m in messages %}<{{ m['role'] }}>{{ m['content'] }}{% endfor %}<assistant>",
    special_tokens: { bos_token: '<s>', eos_token: null },
    tokenizer: { shard: 0 },
    tensors: [],
    shards: shards.map(({ sha256, bytes }, index) => ({
      sha256,
      size_bytes: bytes.length,
      component: 'language_model',
      priority: priorities[index] ?? index,
    })),
    ...fields,
  };
  return { name: 'tiny', manifestText: JSON.stringify(manifest), shards };
}

export function hashOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

export interface FakeRequest {
  path: string;
  range: string | null;
  cache: string | null;
}

// What to do with a request for a shard: a fault, or null to serve it well.
export type Fault =
  | { type: 'status'; status: number }
  | { type: 'unreachable' }
  // The connection breaks after that many bytes of the body.
  | { type: 'breaks'; afterBytes: number }
  | { type: 'wrong byte' }
  | { type: 'ignores range' }
  | { type: 'hangs' };

export class FakeServer {
  readonly requests: FakeRequest[] = [];
  readonly #package: FakePackage;
  readonly #fault: (request: FakeRequest, count: number) => Fault | null;
  // Shards being read at this moment, and the most there ever were.
  open = 0;
  openMax = 0;

  constructor(
    fakePackage: FakePackage,
    fault: (request: FakeRequest, count: number) => Fault | null = () => null,
  ) {
    this.#package = fakePackage;
    this.#fault = fault;
  }

  shardRequests(): FakeRequest[] {
    return this.requests.filter(({ path }) => path.startsWith('/shards/'));
  }

  // eslint-disable-next-line @typescript-eslint/require-await -- so that what is thrown rejects
  readonly fetch = async (input: RequestInfo | URL, init: RequestInit = {}): Promise<Response> => {
    if (init.signal?.aborted) throw new DOMException('aborted', 'AbortError');
    const path = new URL(input as string).pathname;
    const range = new Headers(init.headers).get('Range');
    const request = { path, range, cache: init.cache ?? null };
    this.requests.push(request);
    if (path === `/models/${this.#package.name}/manifest.json`) {
      return new Response(this.#package.manifestText);
    }
    const shard = this.#package.shards.find(({ sha256 }) => path === `/shards/${sha256}`);
    if (!shard) return new Response(null, { status: 404 });
    const count = this.requests.filter((earlier) => earlier.path === path).length;
    return this.#serve(shard.bytes, request, this.#fault(request, count), init.signal);
  };

  #serve(
    bytes: Uint8Array<ArrayBuffer>,
    { range }: FakeRequest,
    fault: Fault | null,
    signal: AbortSignal | null | undefined,
  ): Response {
    if (fault?.type === 'unreachable') throw new TypeError('Failed to fetch');
    if (fault?.type === 'status') return new Response(null, { status: fault.status });
    const asked = /^bytes=(\d+)-$/.exec(range ?? '');
    const start = asked && fault?.type !== 'ignores range' ? Number(asked[1]) : 0;
    const sent = Uint8Array.from(bytes.subarray(start));
    if (fault?.type === 'wrong byte') sent[sent.length - 1] = (sent.at(-1) ?? 0) ^ 1;
    const body = this.#stream(sent, fault, signal);
    const headers = { 'Content-Range': `bytes ${start}-${bytes.length - 1}/${bytes.length}` };
    return start > 0 ? new Response(body, { status: 206, headers }) : new Response(body);
  }

  #stream(
    bytes: Uint8Array<ArrayBuffer>,
    fault: Fault | null,
    signal: AbortSignal | null | undefined,
  ): ReadableStream<Uint8Array> {
    const chunkBytes = Math.max(1, Math.ceil(bytes.length / 4));
    let offset = 0;
    let isOpen = true;
    this.open += 1;
    this.openMax = Math.max(this.openMax, this.open);
    const close = () => {
      if (isOpen) this.open -= 1;
      isOpen = false;
    };
    return new ReadableStream<Uint8Array>({
      start(controller) {
        signal?.addEventListener('abort', () => {
          close();
          controller.error(new DOMException('aborted', 'AbortError'));
        });
      },
      async pull(controller) {
        await new Promise(setImmediate);
        if (fault?.type === 'hangs') return new Promise(() => undefined);
        const breaksAt = fault?.type === 'breaks' ? fault.afterBytes : Infinity;
        if (offset >= breaksAt) {
          close();
          controller.error(new TypeError('network error'));
          return;
        }
        const end = Math.min(bytes.length, offset + chunkBytes, breaksAt);
        if (offset < end) controller.enqueue(bytes.slice(offset, end));
        offset = end;
        if (offset === bytes.length) {
          close();
          controller.close();
        }
      },
      cancel: close,
    });
  }
}
