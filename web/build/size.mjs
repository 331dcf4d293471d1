// Prints what a first visit downloads, file by file, gzipped as the build leaves it
// (finishDist.ts), and fails above the limit.
// Usage: node web/build/size.mjs [DIST]
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';

const limitBytes = 500_000;
const dist = resolve(process.argv[2] ?? join(import.meta.dirname, '../../dist'));

function gzipBytes(name) {
  return statSync(join(dist, `${name}.gz`)).size;
}

// Files of the build that a file names, without those it imports only when it needs them.
function namedFiles(name) {
  if (!/\.(html|js|css)$/.test(name)) return [];
  const text = readFileSync(join(dist, name), 'utf8').replaceAll(/\bimport\([^)]*\)/g, '');
  const names = [...text.matchAll(/[\w.-]+\.(?:js|css|svg|png|woff2)\b/g)].map(([file]) => file);
  return names.map((file) => `assets/${file}`).filter((file) => existsSync(join(dist, file)));
}

function reachableFrom(start) {
  const found = new Set([start]);
  for (const name of found) for (const next of namedFiles(name)) found.add(next);
  return [...found];
}

// Only one Wasm build is fetched: count the largest.
function wasmOfOneVisit() {
  const builds = ['simd', 'simd-threads', 'threads']
    .map((variant) => ['mjs', 'wasm'].map((extension) => `wasm/tessera-${variant}.${extension}`))
    .filter((names) => names.every((name) => existsSync(join(dist, name))));
  const sizeOf = (names) => names.reduce((sum, name) => sum + gzipBytes(name), 0);
  return builds.sort((a, b) => sizeOf(b) - sizeOf(a))[0] ?? [];
}

const wasm = wasmOfOneVisit();
const names = [...reachableFrom('index.html'), ...wasm];
const rows = names.map((name) => ({ name, bytes: gzipBytes(name) }));
const total = rows.reduce((sum, { bytes }) => sum + bytes, 0);
for (const { name, bytes } of rows.sort((a, b) => b.bytes - a.bytes)) {
  console.log(`${String(bytes).padStart(8)}  ${name}`);
}
console.log(`${String(total).padStart(8)}  in all, gzipped, of ${limitBytes} allowed`);
if (wasm.length === 0) {
  console.error(`${dist} has no Wasm modules: build them and the page first`);
  process.exit(1);
}
if (total > limitBytes) {
  console.error(`a first visit downloads ${total - limitBytes} bytes too many`);
  process.exit(1);
}
