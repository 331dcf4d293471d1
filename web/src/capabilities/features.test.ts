import { describe, expect, test } from 'vitest';
import { detectFeatures, type BrowserScope } from './features.ts';
import { wasmProbes } from './wasmProbes.ts';

const all: BrowserScope = {
  WebAssembly,
  SharedArrayBuffer,
  crossOriginIsolated: true,
  caches: {},
  navigator: {
    hardwareConcurrency: 4,
    deviceMemory: 8,
    storage: { getDirectory: () => undefined },
    gpu: { requestAdapter: () => Promise.resolve({ info: { vendor: 'acme', architecture: 'x' } }) },
  },
};

// What an engine that knows no module but these would say.
function knowing(...names: (keyof typeof wasmProbes)[]): BrowserScope {
  const known = names.map((name) => wasmProbes[name]);
  return { ...all, WebAssembly: { validate: (bytes) => known.includes(bytes) } };
}

describe('the probes', () => {
  test.each(Object.entries(wasmProbes))('%s is a valid module here', (_name, bytes) => {
    expect(WebAssembly.validate(bytes)).toBe(true);
  });

  test.each(Object.entries(wasmProbes))('%s is refused when cut short', (_name, bytes) => {
    expect(WebAssembly.validate(bytes.slice(0, -1))).toBe(false);
  });

  test('the relaxed probes differ in their instruction alone', () => {
    const { relaxedSimd, relaxedDot } = wasmProbes;
    const differing = relaxedSimd.filter((byte, index) => byte !== relaxedDot[index]);
    expect(differing).toEqual(Uint8Array.of(0x85));
  });
});

describe('detecting', () => {
  test('finds everything where everything is', async () => {
    expect(await detectFeatures(all)).toEqual({
      simd: true,
      relaxedSimd: true,
      relaxedDot: true,
      threads: true,
      memory64: true,
      webgpu: true,
      cacheStorage: true,
      originPrivateFileSystem: true,
      crossOriginIsolated: true,
      webgpuAdapter: 'acme x',
      hardwareConcurrency: 4,
      deviceMemoryGib: 8,
    });
  });

  test('finds nothing, and does not fail, where nothing is', async () => {
    const features = await detectFeatures({});
    expect(Object.values(features).filter((value) => value !== false && value !== null)).toEqual(
      [],
    );
  });

  test('tells relaxed SIMD without dot products apart', async () => {
    const features = await detectFeatures(knowing('simd', 'relaxedSimd', 'sharedMemory'));
    expect(features).toMatchObject({ relaxedSimd: true, relaxedDot: false, threads: true });
  });

  test('has no threads in a page that is not isolated', async () => {
    const features = await detectFeatures({ ...all, crossOriginIsolated: false });
    expect(features.threads).toBe(false);
  });

  test('has no threads without SharedArrayBuffer', async () => {
    const features = await detectFeatures({ ...all, SharedArrayBuffer: undefined });
    expect(features.threads).toBe(false);
  });

  test('counts an engine whose validate() throws as without the feature', async () => {
    const WebAssembly = {
      validate: () => {
        throw new Error('disabled');
      },
    };
    expect((await detectFeatures({ ...all, WebAssembly })).simd).toBe(false);
  });

  test.each([
    ['refuses', () => Promise.reject(new Error('blocked'))],
    ['has none', () => Promise.resolve(null)],
  ])('reports no adapter where the browser %s', async (_name, requestAdapter) => {
    const navigator = { gpu: { requestAdapter } };
    expect(await detectFeatures({ ...all, navigator })).toMatchObject({
      webgpu: false,
      webgpuAdapter: null,
    });
  });
});
