// Where CMake leaves the Wasm modules, and under which names the page asks for them.
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';

const repository = resolve(import.meta.dirname, '../..');

export interface WasmFile {
  name: string;
  path: string;
}

export const wasmFiles: readonly WasmFile[] = ['simd', 'threads'].flatMap((variant) =>
  ['mjs', 'wasm'].map((extension) => ({
    name: `tessera-${variant}.${extension}`,
    path: resolve(repository, `build/wasm-${variant}/bindings/tessera-${variant}.${extension}`),
  })),
);

export function missingWasmFiles(): WasmFile[] {
  return wasmFiles.filter((file) => !existsSync(file.path));
}
