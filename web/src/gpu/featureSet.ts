// Which optional features the kernels may use: all that the adapter has, or what is prescribed.

// "f32": neither f16 nor subgroups, whatever the adapter has.
export const gpuFeatureSets = ['f32', 'f16', 'subgroups'] as const;
export type GpuFeatureSet = (typeof gpuFeatureSets)[number];

export interface FeatureUse {
  usesF16: boolean;
  usesSubgroups: boolean;
}

// REQUIRES: what is prescribed, the adapter has (see missingFeature).
export function chooseFeatures(
  available: ReadonlySet<string>,
  prescribed: GpuFeatureSet | undefined,
): FeatureUse {
  const mayUse = (set: GpuFeatureSet) => prescribed === undefined || prescribed === set;
  return {
    usesF16: mayUse('f16') && available.has('shader-f16'),
    usesSubgroups: mayUse('subgroups') && available.has('subgroups'),
  };
}

// The feature that is prescribed but not there, or null.
export function missingFeature(
  available: ReadonlySet<string>,
  prescribed: GpuFeatureSet | undefined,
): string | null {
  const needed = { f32: null, f16: 'shader-f16', subgroups: 'subgroups' } as const;
  const feature = prescribed === undefined ? null : needed[prescribed];
  return feature === null || available.has(feature) ? null : feature;
}
