/** On WebGPU a tab computes what the references say: logits, and greedy text until a near-tie. */
import { join } from 'node:path';
import { countGreedyAgreement } from '../fixtures/greedyReference.ts';
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

test('greedy text equals the reference until a near-tie on WebGPU', async ({
  chat,
  server,
  engineName,
}) => {
  test.slow();
  // Chromium's software adapter takes a second a token on a slow machine.
  const tokensMax = engineName === 'chromium' ? 8 : 48;
  await chat.openAndLoad('backend=webgpu');
  await server.waitForRunners('story15m', 1);
  expect(await countGreedyAgreement(server, tokensMax)).toBeGreaterThan(tokensMax);
});
