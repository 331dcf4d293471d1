/** The fixtures on WebGPU in Node, under every set of features that the adapter has. */
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { gpuFeatureSets, missingFeature } from '../../web/src/gpu/featureSet.ts';
import { startDawn } from './dawn.ts';
import { verifyFolder } from './verifyFolder.ts';
import { repositoryRoot } from './wasmBuilds.ts';

const fixtures = ['llama', 'llama3_rope', 'qwen2', 'qwen3', 'qwen3_window_untied'];

let available: ReadonlySet<string>;
beforeAll(async () => {
  const gpu = await startDawn();
  const adapter = await gpu.requestAdapter();
  available = new Set([...(adapter?.features ?? []), ...gpu.wgslLanguageFeatures]);
});

const choice = {
  engine: 'node' as const,
  backend: 'webgpu' as const,
  variant: 'simd' as const,
  threads: 1,
  activations: 'f32' as const,
  bindingBytesMax: undefined,
};

describe.each(gpuFeatureSets)('WebGPU in Node with %s', (features) => {
  test.each(fixtures)('%s gives the reference’s logits', async (fixture) => {
    const missing = missingFeature(available, features);
    if (missing !== null) return;
    const source = join(repositoryRoot, 'tests/fixtures', fixture);
    const { outputs, tolerance } = await verifyFolder({ ...choice, source, features });
    expect(outputs).toHaveLength(1);
    for (const output of outputs) expect(output.relative_error).toBeLessThanOrEqual(tolerance);
  });
});
