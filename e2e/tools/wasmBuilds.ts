/**
 * Where the built Wasm runtime lies: the presets' build folders, else what `npm run build` copied.
 */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { builds } from '../../web/src/capabilities/builds.ts';
import type { WasmVariant } from '../../web/src/capabilities/report.ts';

export const repositoryRoot = join(import.meta.dirname, '../..');

export type { WasmVariant };
export const wasmVariants: readonly WasmVariant[] = builds.map((build) => build.variant);

/** The folder that holds tessera-<variant>.mjs and .wasm, or undefined. */
export function findWasmBuild(variant: WasmVariant): string | undefined {
  const root = process.env['TESSERA_BUILD_DIR'] ?? 'build';
  const candidates = [`${root}/wasm-${variant}/bindings`, 'dist/wasm'];
  const folders = candidates.map((path) => resolve(repositoryRoot, path));
  return folders.find((path) => existsSync(join(path, `tessera-${variant}.wasm`)));
}
