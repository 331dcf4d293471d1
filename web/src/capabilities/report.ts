// What a browser was found to offer, and the build and number of threads chosen for it.
import type { KvType } from '../engine/kvType.ts';
import type { GpuFeatureSet } from '../gpu/featureSet.ts';
import type { ShardTransport } from '../loading/progress.ts';

export type FeatureName =
  | 'simd'
  | 'relaxedSimd'
  | 'relaxedDot'
  | 'threads'
  | 'memory64'
  | 'webgpu'
  | 'cacheStorage'
  | 'originPrivateFileSystem';

export interface Features extends Record<FeatureName, boolean> {
  crossOriginIsolated: boolean;
  // Name of the WebGPU adapter; null where there is none.
  webgpuAdapter: string | null;
  // Logical processors, as the browser says; null where it does not.
  hardwareConcurrency: number | null;
  // GiB of the device, as coarse as the browser says it; null where it does not.
  deviceMemoryGib: number | null;
}

export type WasmVariant = 'simd' | 'simd-threads' | 'threads';

export type Backend = 'wasm' | 'webgpu';

// One row of the table of builds, strongest first, with the verdict for this browser.
export interface BuildVerdict {
  variant: WasmVariant;
  title: string;
  usable: boolean;
  chosen: boolean;
  // One sentence: why it was chosen, refused, or passed over.
  reason: string;
}

export interface CapabilityReport {
  features: Features;
  builds: BuildVerdict[];
  // Where a model runs. Which of the two is faster is measured when one is loaded: until then it is
  // Wasm, unless prescribed otherwise.
  backend: Backend;
  // Where it runs and why; one of the sentences below.
  backendSentence: string;
  // Null if no build can run here; `sentences` then says what is missing.
  variant: WasmVariant | null;
  threads: number;
  // Set where the choice had to be changed because it did not start: one sentence for a person.
  fallback?: string | undefined;
  // What was found, what was chosen and why: each one sentence to show to a person, in order.
  sentences: string[];
}

// What the page's address, or a program, prescribes:
// `?backend=wasm&threads=1&variant=simd&features=f32&transport=websocket`. The transport is no
// capability, but comes along for createEngine().
export interface CapabilityOverrides {
  // Of the key-value cache.
  kvType?: KvType | undefined;
  backend?: Backend | undefined;
  // What the kernels of WebGPU may use; all that the adapter has by default.
  features?: GpuFeatureSet | undefined;
  threads?: number | undefined;
  variant?: WasmVariant | undefined;
  transport?: ShardTransport | undefined;
  // Whether a test may take the graphics device away: see runtime/testHooks.ts.
  isTesting?: boolean | undefined;
}
