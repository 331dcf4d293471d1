/** The Wasm runtime's one call, from a worker or from Node. */

/** What the Emscripten module offers (runtime-wasm/bindings). Pointers are byte offsets. */
interface RuntimeModule {
  HEAPU8: Uint8Array;
  _malloc(sizeBytes: number): number;
  _free(pointer: number): void;
  _tessera_call(
    method: number,
    methodSize: number,
    parameters: number,
    parametersSize: number,
  ): number;
  _tessera_result_size(): number;
}

type ModuleFactory = (options: { threadPoolSize: number }) => Promise<RuntimeModule>;

type Reply = { ok: unknown } | { error: { code: string; message: string } };

export class WasmRuntime {
  readonly #module: RuntimeModule;

  private constructor(module: RuntimeModule) {
    this.#module = module;
  }

  /** REQUIRES: the build at `url` validates here. `threads` counts the calling one. */
  static async load(url: string, threads: number): Promise<WasmRuntime> {
    const { default: factory } = (await import(/* @vite-ignore */ url)) as {
      default: ModuleFactory;
    };
    return new WasmRuntime(await factory({ threadPoolSize: threads - 1 }));
  }

  /** Throws an error "code: message" where the runtime replies with one. */
  call(method: string, parameters: unknown): unknown {
    const encoder = new TextEncoder();
    const name = this.#copyIn(encoder.encode(method));
    const json = this.#copyIn(encoder.encode(JSON.stringify(parameters)));
    const result = this.#module._tessera_call(name.pointer, name.size, json.pointer, json.size);
    const bytes = this.bytes(result, this.#module._tessera_result_size());
    this.#module._free(name.pointer);
    this.#module._free(json.pointer);
    const reply = JSON.parse(new TextDecoder().decode(bytes.slice())) as Reply;
    if ('error' in reply) throw new Error(`${reply.error.code}: ${reply.error.message}`);
    return reply.ok;
  }

  /** A view of linear memory, valid until the next call (memory may grow and move). */
  bytes(pointer: number, sizeBytes: number): Uint8Array {
    return this.#module.HEAPU8.subarray(pointer, pointer + sizeBytes);
  }

  /** A copy of `count` floats at a pointer. */
  floats(pointer: number, count: number): Float32Array {
    return new Float32Array(this.bytes(pointer, count * 4).slice().buffer);
  }

  #copyIn(bytes: Uint8Array): { pointer: number; size: number } {
    const pointer = this.#module._malloc(Math.max(1, bytes.length));
    this.bytes(pointer, bytes.length).set(bytes);
    return { pointer, size: bytes.length };
  }
}
