// Overrides in a page's address:
// `?backend=webgpu&features=f32&threads=1&variant=simd&transport=websocket&kv=4`.
import { TesseraError } from '../tesseraError.ts';
import { kvTypes } from '../engine/kvType.ts';
import { gpuFeatureSets } from '../gpu/featureSet.ts';
import type { CapabilityOverrides, WasmVariant } from './report.ts';
import { joinWords } from './sentences.ts';

// More than any browser grants; a larger number is a mistake.
export const kThreadsMax = 64;

const variants: readonly string[] = ['simd', 'simd-threads', 'threads'] satisfies WasmVariant[];
const variantsText = variants.map((name) => `"${name}"`).join(' or ');

function isVariant(name: string | null): name is WasmVariant {
  return name !== null && variants.includes(name);
}

// Reads overrides out of a query string. Unknown names are ignored (the page has others of its
// own).
// Errors: "invalid_argument" naming the parameter whose value cannot be meant.
export function readOverrides(search: string): CapabilityOverrides {
  const query = new URLSearchParams(search);
  const overrides: CapabilityOverrides = {};
  const backend = query.get('backend');
  if (backend === 'wasm' || backend === 'webgpu') overrides.backend = backend;
  // "auto" is what happens without it: the faster one is measured.
  else if (backend !== null && backend !== 'auto') {
    throw refuse('backend', backend, '"wasm", "webgpu" or "auto"');
  }

  const features = query.get('features');
  const featureSet = gpuFeatureSets.find((name) => name === features);
  if (featureSet) overrides.features = featureSet;
  else if (features !== null) throw refuse('features', features, joinWords(gpuFeatureSets, 'or'));

  if (query.get('testing') === 'true') overrides.isTesting = true;

  const variant = query.get('variant');
  if (isVariant(variant)) overrides.variant = variant;
  else if (variant !== null) throw refuse('variant', variant, variantsText);

  const transport = query.get('transport');
  if (transport === 'http' || transport === 'websocket') overrides.transport = transport;
  else if (transport !== null) throw refuse('transport', transport, '"http" or "websocket"');

  const kv = query.get('kv');
  const kvType = kvTypes.find((name) => name === kv);
  if (kvType) overrides.kvType = kvType;
  else if (kv !== null) throw refuse('kv', kv, joinWords(kvTypes, 'or'));

  const threads = query.get('threads');
  if (threads !== null) {
    const count = Number(threads);
    if (!/^\d+$/.test(threads) || count < 1 || count > kThreadsMax) {
      throw refuse('threads', threads, `a number from 1 to ${kThreadsMax}`);
    }
    overrides.threads = count;
  }
  return overrides;
}

function refuse(name: string, value: string, expected: string): TesseraError {
  return new TesseraError(
    'invalid_argument',
    `The address says ${name}=${value}, but ${name} must be ${expected}.`,
  );
}
