/** On WebGPU a tab computes what the references say. */
import { join } from 'node:path';
import { expect, test } from '../fixtures/test.ts';
import { repositoryRoot } from '../tools/wasmBuilds.ts';
import { verifyFolder } from '../tools/verifyFolder.ts';

test.skip(({ engineName }) => engineName === 'webkit', 'WebKitGTK has no WebGPU');

for (const fixture of ['llama', 'llama3_rope', 'qwen2', 'qwen3']) {
  test(`${fixture} gives the reference's logits on WebGPU`, async ({ engine }) => {
    // Firefox's adapter has f16, Chromium's subgroups: each with what it has, and without.
    for (const features of [undefined, 'f32' as const]) {
      const { outputs, tolerance, adapter } = await verifyFolder(
        {
          engine: engine.name,
          backend: 'webgpu',
          features,
          bindingBytesMax: undefined,
          variant: 'simd',
          threads: 1,
          activations: 'f32',
          source: join(repositoryRoot, 'tests/fixtures', fixture),
        },
        engine,
      );
      const [output] = outputs;
      const error = output?.relative_error ?? Number.NaN;
      const description = `${JSON.stringify(adapter)}: ${error.toExponential(2)}`;
      test.info().annotations.push({ type: 'relative error', description });
      expect(error).toBeLessThanOrEqual(tolerance);
    }
  });
}
