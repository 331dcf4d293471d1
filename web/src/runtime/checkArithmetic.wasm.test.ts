// The built Wasm module against devices that compute right and wrong, under Node with Dawn.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createDawn } from '../../test-support/dawn.ts';
import { acquireDevice, type AcquiredDevice } from '../gpu/device.ts';
import { computesRight } from './checkArithmetic.ts';
import { loadWasmModule } from './wasmModule.ts';
import { WasmRuntime } from './wasmRuntime.ts';

const gpu = createDawn();
let runtime: WasmRuntime;
let acquired: AcquiredDevice;

beforeAll(async () => {
  const folder = new URL('../../../build/wasm-simd/bindings/', import.meta.url).href;
  runtime = new WasmRuntime(await loadWasmModule(folder, 'simd', 1));
  acquired = await acquireDevice(gpu, { features: 'f32' });
});
afterAll(() => acquired.device.destroy());

// The device, with another word in every shader.
function withWrongShaders(device: GPUDevice, from: string, to: string): GPUDevice {
  const createShaderModule = (descriptor: GPUShaderModuleDescriptor) =>
    device.createShaderModule({ ...descriptor, code: descriptor.code.replaceAll(from, to) });
  return new Proxy(device, {
    get: (target, name) => {
      if (name === 'createShaderModule') return createShaderModule;
      const value = Reflect.get(target, name, target) as unknown;
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
}

describe('a device', () => {
  test('that computes right is found so', async () => {
    expect(await computesRight(runtime, acquired)).toBe(true);
  });

  test('that computes wrongly, without any error, is found out', async () => {
    const device = withWrongShaders(acquired.device, 'inverseSqrt(', 'sqrt(');
    expect(await computesRight(runtime, { ...acquired, device })).toBe(false);
  });
});
