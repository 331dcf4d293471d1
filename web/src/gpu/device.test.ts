import { describe, expect, test } from 'vitest';
import { fakeGpu } from '../../test-support/fakeGpu.ts';
import { acquireDevice, withoutF16 } from './device.ts';

describe('acquiring a device', () => {
  test('describes what the device offers, and uses all of it', async () => {
    const { gpu, state } = fakeGpu();
    state.features.add('shader-f16');
    const { adapterName, isSoftware, hasTimestamps, limits } = await acquireDevice(gpu);
    expect({ adapterName, isSoftware, hasTimestamps }).toEqual({
      adapterName: 'acme x',
      isSoftware: false,
      hasTimestamps: false,
    });
    expect(limits).toEqual({
      buffer_bytes_max: 2 ** 31,
      binding_bytes_max: 2 ** 30,
      storage_buffers_max: 10,
      workgroup_memory_bytes_max: 32768,
      workgroup_invocations_max: 512,
      workgroups_max: 65535,
      has_f16: true,
      subgroup_size_min: 4,
      subgroup_size_max: 128,
      has_byte_products: true,
      uses_f16: true,
      uses_subgroups: true,
      uses_byte_products: true,
    });
  });

  test('uses only what is prescribed, and pretends to smaller bindings where told', async () => {
    const { gpu, state } = fakeGpu();
    state.features.add('shader-f16');
    const plain = await acquireDevice(gpu, { features: 'f32', bindingBytesMax: 1024 });
    expect(plain.limits).toMatchObject({ uses_f16: false, uses_subgroups: false });
    expect(plain.limits.binding_bytes_max).toBe(1024);
    const halves = await acquireDevice(gpu, { features: 'f16' });
    expect(halves.limits).toMatchObject({ uses_f16: true, uses_subgroups: false });
  });

  test('multiplies bytes only beside f16, or where that is prescribed', async () => {
    const { gpu, state } = fakeGpu();
    const { limits } = await acquireDevice(gpu);
    expect(limits).toMatchObject({ has_byte_products: true, uses_byte_products: false });
    const prescribed = await acquireDevice(gpu, { features: 'bytes' });
    expect(prescribed.limits).toMatchObject({ uses_byte_products: true, uses_subgroups: false });
    state.features.add('shader-f16');
    const halves = await acquireDevice(gpu);
    expect(halves.limits.uses_byte_products).toBe(true);
    expect(withoutF16(halves).limits.uses_byte_products).toBe(false);
  });

  test('takes a browser whose shading language lists no features', async () => {
    const { gpu } = fakeGpu();
    Object.assign(gpu, { wgslLanguageFeatures: undefined });
    expect((await acquireDevice(gpu)).limits.has_byte_products).toBe(false);
    await expect(acquireDevice(gpu, { features: 'bytes' })).rejects.toThrow(
      /packed_4x8_integer_dot_product/,
    );
  });

  test('has no subgroup sizes where there are no subgroups', async () => {
    const { gpu, state } = fakeGpu();
    state.features.clear();
    const { limits } = await acquireDevice(gpu);
    expect(limits).toMatchObject({ subgroup_size_min: 0, subgroup_size_max: 0 });
  });

  test.each([
    ['no WebGPU', 'no_adapter', () => undefined],
    ['no adapter', 'no_adapter', () => withState({ hasAdapter: false })],
    ['no device', 'adapter_refused', () => withState({ refusesDevices: true })],
    [
      'too few bindings',
      'gpu_limits_too_small',
      () => withLimit('maxStorageBuffersPerShaderStage'),
    ],
    [
      'too little memory',
      'gpu_limits_too_small',
      () => withLimit('maxComputeWorkgroupStorageSize'),
    ],
  ])('%s is the error “%s”, in a sentence', async (_name, code, makeGpu) => {
    await expect(acquireDevice(makeGpu())).rejects.toMatchObject({
      code,
      message: expect.stringMatching(/^(This|The) .*[a-z0-9]\.?$/) as string,
    });
  });

  test('a prescribed feature that is not there is an error', async () => {
    await expect(acquireDevice(fakeGpu().gpu, { features: 'f16' })).rejects.toMatchObject({
      code: 'unsupported',
      message: expect.stringContaining('shader-f16') as string,
    });
  });

  test('a loss is told with its reason', async () => {
    const { device, lost } = await acquireDevice(fakeGpu().gpu);
    device.destroy();
    expect(await lost).toMatchObject({
      code: 'device_lost',
      message: expect.stringContaining('destroyed') as string,
    });
  });
});

function withState(change: { hasAdapter?: boolean; refusesDevices?: boolean }): GPU {
  const { gpu, state } = fakeGpu();
  Object.assign(state, change);
  return gpu;
}

function withLimit(name: string): GPU {
  const { gpu, state } = fakeGpu();
  state.limits[name] = 1;
  return gpu;
}
