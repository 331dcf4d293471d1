// Asks the browser, feature by feature, what it offers.
import type { Features } from './report.ts';
import { wasmProbes } from './wasmProbes.ts';

// What is asked; a test hands in its own.
export interface BrowserScope {
  WebAssembly?: { validate(bytes: Uint8Array<ArrayBuffer>): boolean } | undefined;
  SharedArrayBuffer?: unknown;
  crossOriginIsolated?: boolean | undefined;
  caches?: unknown;
  navigator?:
    | {
        hardwareConcurrency?: number;
        deviceMemory?: number;
        storage?: { getDirectory?: unknown };
        gpu?: { requestAdapter(): Promise<GpuAdapter | null> };
      }
    | undefined;
}

interface GpuAdapter {
  info?: { vendor?: string; architecture?: string; description?: string };
}

// An adapter is only reported, so a browser that is slow to name it must not delay the start.
const kAdapterWaitMsMax = 1500;

export async function detectFeatures(scope: BrowserScope = globalThis): Promise<Features> {
  const webgpuAdapter = await findAdapter(scope);
  const crossOriginIsolated = scope.crossOriginIsolated === true;
  // Outside of pages (in Node) there is no isolation to lack, and the flag is undefined.
  const mayShareMemory = scope.crossOriginIsolated !== false;
  return {
    simd: validates(scope, wasmProbes.simd),
    relaxedSimd: validates(scope, wasmProbes.relaxedSimd),
    relaxedDot: validates(scope, wasmProbes.relaxedDot),
    threads:
      mayShareMemory &&
      typeof scope.SharedArrayBuffer === 'function' &&
      validates(scope, wasmProbes.sharedMemory),
    memory64: validates(scope, wasmProbes.memory64),
    webgpu: webgpuAdapter !== null,
    cacheStorage: scope.caches !== undefined,
    originPrivateFileSystem: typeof scope.navigator?.storage?.getDirectory === 'function',
    crossOriginIsolated,
    webgpuAdapter,
    hardwareConcurrency: positiveOrNull(scope.navigator?.hardwareConcurrency),
    deviceMemoryGib: positiveOrNull(scope.navigator?.deviceMemory),
  };
}

function validates(scope: BrowserScope, bytes: Uint8Array<ArrayBuffer>): boolean {
  try {
    return scope.WebAssembly?.validate(bytes) ?? false;
  } catch {
    return false;
  }
}

function positiveOrNull(value: number | undefined): number | null {
  return typeof value === 'number' && value > 0 ? value : null;
}

async function findAdapter(scope: BrowserScope): Promise<string | null> {
  const gpu = scope.navigator?.gpu;
  if (!gpu) return null;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const tooSlow = new Promise<null>((resolve) => {
    timer = setTimeout(() => resolve(null), kAdapterWaitMsMax);
  });
  try {
    const adapter = await Promise.race([gpu.requestAdapter(), tooSlow]);
    return adapter ? adapterName(adapter) : null;
  } catch {
    return null;
  } finally {
    clearTimeout(timer);
  }
}

function adapterName(adapter: GpuAdapter): string {
  const { vendor, architecture, description } = adapter.info ?? {};
  const named = [description ?? '', [vendor, architecture].filter(Boolean).join(' ')];
  return named.find((name) => name !== '') ?? 'unnamed adapter';
}
