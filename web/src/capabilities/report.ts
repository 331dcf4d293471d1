// What a browser was found to offer, and the build and number of threads chosen for it.
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
  backend: 'wasm';
  // Null if no build can run here; `sentences` then says what is missing.
  variant: WasmVariant | null;
  threads: number;
  // What was found, what was chosen and why: each one sentence to show to a person, in order.
  sentences: string[];
}

// What the page's address, or a program, prescribes:
// `?backend=wasm&threads=1&variant=simd&transport=websocket`. The transport is no capability, but
// comes along for createEngine().
export interface CapabilityOverrides {
  backend?: 'wasm' | undefined;
  threads?: number | undefined;
  variant?: WasmVariant | undefined;
  transport?: ShardTransport | undefined;
}
