// Typed calls into the Wasm module, and access to its memory.
import { TesseraError, type ErrorObject } from '../tesseraError.ts';
import type { WasmMethodName, WasmMethods } from './wasmMethods.ts';
import type { WasmModule } from './wasmModule.ts';

type Reply<Result> = { ok: Result } | { error: ErrorObject };

export class WasmRuntime {
  readonly #module: WasmModule;
  readonly #encoder = new TextEncoder();
  readonly #decoder = new TextDecoder();
  // A module that has trapped is in no state to be called again.
  #failure: TesseraError | null = null;

  constructor(module: WasmModule) {
    this.#module = module;
  }

  // The whole memory. A later call may replace it: use it at once.
  get heap(): Uint8Array {
    return this.#module.HEAPU8;
  }

  // Errors: what the module answered, or "internal" / "out_of_memory" if it broke, which it then
  // stays.
  call<Name extends WasmMethodName>(
    method: Name,
    parameters: WasmMethods[Name]['parameters'],
  ): WasmMethods[Name]['result'] {
    if (this.#failure) throw this.#failure;
    const text = this.#exchange(method, JSON.stringify(parameters));
    const reply = JSON.parse(text) as Reply<WasmMethods[Name]['result']>;
    if ('error' in reply) throw TesseraError.fromObject(reply.error);
    return reply.ok;
  }

  // Copies bytes into memory for as long as `use` runs.
  // Errors: those of `use`, or as call().
  lend<Result>(bytes: Uint8Array, use: (pointer: number) => Result): Result {
    const pointer = this.#guard('malloc', () => this.#placeBytes(bytes));
    try {
      return use(pointer);
    } finally {
      if (!this.#failure) this.#guard('free', () => this.#module._free(pointer));
    }
  }

  #exchange(method: string, json: string): string {
    return this.#guard(method, () => {
      const [methodPointer, methodSizeBytes] = this.#place(method);
      const [jsonPointer, jsonSizeBytes] = this.#place(json);
      const pointer =
        this.#module._tessera_call(methodPointer, methodSizeBytes, jsonPointer, jsonSizeBytes) >>>
        0;
      const sizeBytes = this.#module._tessera_result_size() >>> 0;
      // slice() copies: a decoder refuses shared memory.
      const text = this.#decoder.decode(this.heap.slice(pointer, pointer + sizeBytes));
      this.#module._free(methodPointer);
      this.#module._free(jsonPointer);
      return text;
    });
  }

  #guard<Result>(method: string, use: () => Result): Result {
    try {
      return use();
    } catch (thrown) {
      this.#failure = describeTrap(method, thrown);
      throw this.#failure;
    }
  }

  #place(text: string): [pointer: number, sizeBytes: number] {
    const bytes = this.#encoder.encode(text);
    return [this.#placeBytes(bytes), bytes.length];
  }

  #placeBytes(bytes: Uint8Array): number {
    const pointer = this.#module._malloc(Math.max(1, bytes.length)) >>> 0;
    if (pointer === 0) throw new Error('out of memory');
    this.heap.set(bytes, pointer);
    return pointer;
  }
}

function describeTrap(method: string, thrown: unknown): TesseraError {
  const reason = thrown instanceof Error ? thrown.message : String(thrown);
  return /out of memory|OOM|memory allocation/i.test(reason)
    ? new TesseraError('out_of_memory', `Memory ran out in ${method}: ${reason}`, { cause: thrown })
    : new TesseraError('internal', `The runtime broke in ${method}: ${reason}`, { cause: thrown });
}
