// Where CMake leaves the Wasm modules, and under which names the page asks for them.
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';

const repository = resolve(import.meta.dirname, '../..');

// Build folders are `build/<prefix><variant>`; another prefix takes modules from builds beside the
// presets'.
const prefix = process.env['TESSERA_WASM_BUILD_PREFIX'] ?? 'wasm-';

export interface WasmFile {
  name: string;
  path: string;
}

const variants = ['simd', 'simd-threads', 'threads'] as const;

export function wasmFolder(variant: (typeof variants)[number]): string {
  return resolve(repository, `build/${prefix}${variant}/bindings`);
}

export const wasmFiles: readonly WasmFile[] = variants.flatMap((variant) =>
  ['mjs', 'wasm'].map((extension) => {
    const name = `tessera-${variant}.${extension}`;
    return { name, path: resolve(wasmFolder(variant), name) };
  }),
);

export function missingWasmFiles(): WasmFile[] {
  return wasmFiles.filter((file) => !existsSync(file.path));
}
