// Gets a GPUDevice with all that its adapter offers, and describes it to the inference core.
import { TesseraError } from '../tesseraError.ts';
import { adapterRefused, deviceLost, limitsTooSmall, noAdapter } from './errors.ts';
import { byteProducts, chooseFeatures, missingFeature, type GpuFeatureSet } from './featureSet.ts';

// DeviceLimits of runtime-wasm/backends/webgpu, as `model.create` takes them.
export interface CoreDeviceLimits {
  buffer_bytes_max: number;
  binding_bytes_max: number;
  storage_buffers_max: number;
  workgroup_memory_bytes_max: number;
  workgroup_invocations_max: number;
  workgroups_max: number;
  has_f16: boolean;
  subgroup_size_min: number;
  subgroup_size_max: number;
  has_byte_products: boolean;
  uses_f16: boolean;
  uses_subgroups: boolean;
  uses_byte_products: boolean;
}

export interface AcquiredDevice {
  device: GPUDevice;
  adapterName: string;
  // The adapter computes on the processor.
  isSoftware: boolean;
  hasTimestamps: boolean;
  limits: CoreDeviceLimits;
  // Resolves with "device_lost" when the device is lost, for whatever reason.
  lost: Promise<TesseraError>;
}

// The same device, for kernels that compute with 32 bits only.
export function withoutF16(device: AcquiredDevice): AcquiredDevice {
  return { ...device, limits: { ...device.limits, uses_f16: false, uses_byte_products: false } };
}

export interface DeviceOptions {
  features?: GpuFeatureSet | undefined;
  // Pretends that the adapter has no more: tests force a model to be split.
  bindingBytesMax?: number | undefined;
}

// Below these, which every adapter must have, the kernels are not laid out.
const limitsNeeded = {
  maxStorageBuffersPerShaderStage: 8,
  maxComputeWorkgroupStorageSize: 16384,
  maxComputeInvocationsPerWorkgroup: 256,
} as const;

const limitsRequested = [
  'maxBufferSize',
  'maxStorageBufferBindingSize',
  'maxStorageBuffersPerShaderStage',
  'maxComputeWorkgroupStorageSize',
  'maxComputeInvocationsPerWorkgroup',
  'maxComputeWorkgroupSizeX',
  'maxComputeWorkgroupsPerDimension',
] as const;

const featuresRequested = ['shader-f16', 'subgroups', 'timestamp-query'] as const;

// WGSL promises no subgroup outside of these where an adapter does not say.
const kSubgroupSizeMin = 4;
const kSubgroupSizeMax = 128;

// Sizes cross to a core whose own are 32-bit.
const kBytesMax = 2 ** 32 - 256;

// Errors: "no_adapter", "adapter_refused", "gpu_limits_too_small", "unsupported" where a
// prescribed feature is missing.
export async function acquireDevice(
  gpu: GPU | undefined,
  options: DeviceOptions = {},
): Promise<AcquiredDevice> {
  const adapter = await requestAdapter(gpu);
  const adapterName = nameOf(adapter.info);
  const missing = missingFeature(featuresOf(gpu, adapter.features), options.features);
  if (missing !== null) {
    throw new TesseraError('unsupported', `The adapter “${adapterName}” has no ${missing}.`);
  }
  for (const [limit, needs] of Object.entries(limitsNeeded)) {
    const has = adapter.limits[limit as keyof typeof limitsNeeded];
    if (has < needs) throw limitsTooSmall(adapterName, limit, has, needs);
  }
  const device = await requestDevice(adapter, adapterName);
  return {
    device,
    adapterName,
    isSoftware: isSoftware(adapter.info),
    hasTimestamps: device.features.has('timestamp-query'),
    limits: describeDevice(device, featuresOf(gpu, device.features), adapter.info, options),
    lost: device.lost.then(deviceLost),
  };
}

// What the shading language offers, the browser says once for all adapters; older ones say nothing.
function featuresOf(gpu: GPU | undefined, features: ReadonlySet<string>): ReadonlySet<string> {
  const { wgslLanguageFeatures }: Partial<GPU> = gpu ?? {};
  return new Set([...features, ...(wgslLanguageFeatures ?? [])]);
}

async function requestAdapter(gpu: GPU | undefined): Promise<GPUAdapter> {
  if (!gpu) throw noAdapter(false);
  let adapter: GPUAdapter | null;
  try {
    adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' });
  } catch (thrown) {
    throw adapterRefused('unknown', thrown);
  }
  if (!adapter) throw noAdapter(true);
  return adapter;
}

async function requestDevice(adapter: GPUAdapter, adapterName: string): Promise<GPUDevice> {
  const requiredLimits: Record<string, number> = {};
  for (const limit of limitsRequested) requiredLimits[limit] = adapter.limits[limit];
  try {
    return await adapter.requestDevice({
      label: 'tessera',
      requiredFeatures: featuresRequested.filter((feature) => adapter.features.has(feature)),
      requiredLimits,
    });
  } catch (thrown) {
    throw adapterRefused(adapterName, thrown);
  }
}

function describeDevice(
  { limits }: GPUDevice,
  features: ReadonlySet<string>,
  info: GPUAdapterInfo,
  options: DeviceOptions,
): CoreDeviceLimits {
  const { usesF16, usesSubgroups, usesByteProducts } = chooseFeatures(features, options.features);
  const hasSubgroups = features.has('subgroups');
  const bindingBytesMax = options.bindingBytesMax ?? kBytesMax;
  return {
    buffer_bytes_max: Math.min(limits.maxBufferSize, kBytesMax),
    binding_bytes_max: Math.min(limits.maxStorageBufferBindingSize, bindingBytesMax),
    storage_buffers_max: limits.maxStorageBuffersPerShaderStage,
    workgroup_memory_bytes_max: limits.maxComputeWorkgroupStorageSize,
    workgroup_invocations_max: Math.min(
      limits.maxComputeInvocationsPerWorkgroup,
      limits.maxComputeWorkgroupSizeX,
    ),
    workgroups_max: limits.maxComputeWorkgroupsPerDimension,
    has_f16: features.has('shader-f16'),
    subgroup_size_min: hasSubgroups ? sizeOr(info.subgroupMinSize, kSubgroupSizeMin) : 0,
    subgroup_size_max: hasSubgroups ? sizeOr(info.subgroupMaxSize, kSubgroupSizeMax) : 0,
    has_byte_products: features.has(byteProducts),
    uses_f16: usesF16,
    uses_subgroups: usesSubgroups,
    uses_byte_products: usesByteProducts,
  };
}

// What browsers say of an adapter is partly absent, whatever the types promise.
type PartialInfo = Partial<GPUAdapterInfo>;

function sizeOr(size: number | undefined, otherwise: number): number {
  return size !== undefined && size > 0 ? size : otherwise;
}

export function nameOf(info: PartialInfo): string {
  const { vendor, architecture, description } = info;
  const named = [description ?? '', [vendor, architecture].filter(Boolean).join(' ')];
  return named.find((name) => name !== '') ?? 'unnamed adapter';
}

function isSoftware(info: PartialInfo): boolean {
  return info.isFallbackAdapter === true || /swiftshader|llvmpipe|lavapipe/i.test(nameOf(info));
}
