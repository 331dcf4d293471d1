// Whether a device computes right: a small model's logits on it against those on Wasm. Compilers of
// shaders and drivers are known that give wrong numbers in f16 without any error.
import type { Logits } from '../engine/engine.ts';
import {
  acquireDevice,
  withoutF16,
  type AcquiredDevice,
  type DeviceOptions,
} from '../gpu/device.ts';
import { ModelCore } from './modelCore.ts';
import { syntheticManifest, syntheticWeights, type SyntheticSize } from './syntheticModel.ts';
import type { WasmRuntime } from './wasmRuntime.ts';

const size: SyntheticSize = {
  hidden: 128,
  intermediate: 256,
  layers: 1,
  queryHeads: 4,
  keyValueHeads: 2,
  vocabulary: 256,
  contextTokens: 64,
};

// Enough for the kernels that take many tokens at once.
const ids = Array.from({ length: 24 }, (_, index) => (index * 37 + 5) % size.vocabulary);

// Arithmetic in f16 stays far below, a wrong kernel comes out near 1.
const kRelativeErrorMax = 0.05;
const kBudgetBytes = 64 * 2 ** 20;

export interface CheckedDevice {
  device: AcquiredDevice;
  // A sentence for a person, after a space; empty if there is nothing to say.
  remark: string;
}

// A device that uses f16 only where f16 gives right numbers.
// Errors: those of acquireDevice(); the device's, where it fails; the core's.
export async function acquireCheckedDevice(
  runtime: WasmRuntime,
  gpu: GPU | undefined,
  options: DeviceOptions,
): Promise<CheckedDevice> {
  const device = await acquireDevice(gpu, options);
  try {
    if (!device.limits.uses_f16 || (await computesRight(runtime, device)))
      return { device, remark: '' };
  } catch (thrown) {
    device.device.destroy();
    throw thrown;
  }
  return {
    device: withoutF16(device),
    remark: ' Its 16-bit arithmetic gives wrong numbers, so 32 bits are used.',
  };
}

// Errors: the device's, where it fails; the core's.
export async function computesRight(
  runtime: WasmRuntime,
  device: AcquiredDevice,
): Promise<boolean> {
  const weights = syntheticWeights(size, 1);
  const expected = await logitsOn(runtime, null, weights);
  const found = await logitsOn(runtime, device, weights);
  // False for NaN, too.
  return relativeError(found.values, expected.values) <= kRelativeErrorMax;
}

async function logitsOn(
  runtime: WasmRuntime,
  device: AcquiredDevice | null,
  weights: Uint8Array<ArrayBuffer>,
): Promise<Logits> {
  const core = await ModelCore.create(runtime, {
    manifest: syntheticManifest(size),
    options: {
      threads: 1,
      activations: 'f32',
      kv_type: 'f32',
      memory_budget_bytes: kBudgetBytes,
    },
    device,
  });
  try {
    for (const span of core.spansOf(0)) {
      const bytes = weights.slice(span.offset, span.offset + span.sizeBytes);
      if ('pointer' in span) core.heap.set(bytes, span.pointer);
      else core.writeGpu(span, bytes);
    }
    await core.finishShard(0);
    return await core.forward(ids);
  } finally {
    core.release();
  }
}

function relativeError(found: Float32Array, expected: Float32Array): number {
  let difference = 0;
  let norm = 0;
  for (const [index, value] of expected.entries()) {
    difference += ((found[index] ?? NaN) - value) ** 2;
    norm += value ** 2;
  }
  return Math.sqrt(difference / norm);
}
