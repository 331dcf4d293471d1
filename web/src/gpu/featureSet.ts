// Which optional features the kernels may use: all that the adapter has, or what is prescribed.

// "f32": nothing optional, whatever the adapter has. "bytes": f32, but few tokens meet quantized
// weights as bytes.
export const gpuFeatureSets = ['f32', 'f16', 'subgroups', 'bytes'] as const;
export type GpuFeatureSet = (typeof gpuFeatureSets)[number];

export interface FeatureUse {
  usesF16: boolean;
  usesSubgroups: boolean;
  usesByteProducts: boolean;
}

// A feature of the shading language, which an adapter does not list.
export const byteProducts = 'packed_4x8_integer_dot_product';

// REQUIRES: what is prescribed, the adapter has (see missingFeature).
export function chooseFeatures(
  available: ReadonlySet<string>,
  prescribed: GpuFeatureSet | undefined,
): FeatureUse {
  const mayUse = (set: GpuFeatureSet) => prescribed === undefined || prescribed === set;
  return {
    usesF16: mayUse('f16') && available.has('shader-f16'),
    usesSubgroups: mayUse('subgroups') && available.has('subgroups'),
    // They round as coarsely as f16 does: with f16, or where they are asked for.
    usesByteProducts:
      mayUse('bytes') &&
      available.has(byteProducts) &&
      (prescribed === 'bytes' || available.has('shader-f16')),
  };
}

// The feature that is prescribed but not there, or null.
export function missingFeature(
  available: ReadonlySet<string>,
  prescribed: GpuFeatureSet | undefined,
): string | null {
  const needed = {
    f32: null,
    f16: 'shader-f16',
    subgroups: 'subgroups',
    bytes: byteProducts,
  } as const;
  const feature = prescribed === undefined ? null : needed[prescribed];
  return feature === null || available.has(feature) ? null : feature;
}
