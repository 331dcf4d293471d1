// The Wasm module as Emscripten gives it, and how it is fetched.
import type { WasmVariant } from '../capabilities/report.ts';
import { TesseraError } from '../tesseraError.ts';

export interface WasmModule {
  // Replaced whenever memory grows: read it again after every call.
  readonly HEAPU8: Uint8Array;
  _malloc(sizeBytes: number): number;
  _free(pointer: number): void;
  _tessera_call(
    methodPointer: number,
    methodSizeBytes: number,
    jsonPointer: number,
    jsonSizeBytes: number,
  ): number;
  _tessera_result_size(): number;
}

export interface WasmModuleOptions {
  // Threads to create before the module starts, beside the one that calls it.
  threadPoolSize: number;
  locateFile?: (name: string) => string;
  // The module's code, where it is at hand already.
  wasmBinary?: ArrayBuffer;
}

export type WasmModuleFactory = (options: WasmModuleOptions) => Promise<WasmModule>;

// Fetches and starts a build of the module. REQUIRES: `wasmUrl` ends with a slash.
// `onStarting` is called when all is fetched and only starting is left: compiling, and bringing up
// threads, which takes no network and little time.
// Errors: "network" if it cannot be fetched, "out_of_memory" or "unsupported" if it cannot start.
export async function loadWasmModule(
  wasmUrl: string,
  variant: WasmVariant,
  threads: number,
  onStarting?: () => void,
): Promise<WasmModule> {
  const url = new URL(`tessera-${variant}.mjs`, wasmUrl).href;
  let factory: WasmModuleFactory;
  let wasmBinary: ArrayBuffer | null;
  try {
    const binary = fetchBinary(new URL(`tessera-${variant}.wasm`, wasmUrl));
    const module = import(/* @vite-ignore */ url) as Promise<{ default: WasmModuleFactory }>;
    [wasmBinary, { default: factory }] = await Promise.all([binary, module]);
  } catch (thrown) {
    throw new TesseraError('network', `The runtime cannot be fetched from ${url}.`, {
      cause: thrown,
    });
  }
  onStarting?.();
  try {
    return await factory({
      threadPoolSize: Math.max(0, threads - 1),
      ...(wasmBinary ? { wasmBinary } : {}),
      locateFile: (name) => new URL(name, wasmUrl).href,
    });
  } catch (thrown) {
    const reason = thrown instanceof Error ? thrown.message : String(thrown);
    const code = /memory/i.test(reason) ? 'out_of_memory' : 'unsupported';
    throw new TesseraError(code, `The build “${variant}” cannot start in this browser: ${reason}`, {
      cause: thrown,
    });
  }
}

// Null for a file, which fetch() does not read: there the module finds its code by itself.
async function fetchBinary(url: URL): Promise<ArrayBuffer | null> {
  if (url.protocol === 'file:') return null;
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url.href}: status ${response.status}`);
  return await response.arrayBuffer();
}
