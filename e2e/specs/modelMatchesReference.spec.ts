/** On Wasm a tab computes what the references say: logits, and greedy text until a near-tie. */
import { join } from 'node:path';
import { countGreedyAgreement } from '../fixtures/greedyReference.ts';
import { expect, test } from '../fixtures/test.ts';
import { verifyFolder } from '../tools/verifyFolder.ts';
import { repositoryRoot } from '../tools/wasmBuilds.ts';

for (const fixture of ['llama', 'llama3_rope', 'qwen2', 'qwen3']) {
  test(`${fixture} gives the reference's logits on Wasm`, async ({ engine }) => {
    const { outputs, tolerance } = await verifyFolder(
      {
        engine: engine.name,
        backend: 'wasm',
        features: undefined,
        bindingBytesMax: undefined,
        variant: null,
        threads: 2,
        activations: 'f32',
        source: join(repositoryRoot, 'tests/fixtures', fixture),
      },
      engine,
    );
    expect(outputs[0]?.relative_error ?? Number.NaN).toBeLessThanOrEqual(tolerance);
  });
}

test('greedy text equals the reference until a near-tie', async ({ chat, server }) => {
  await chat.openAndLoad();
  await server.waitForRunners('story15m', 1);
  expect(await countGreedyAgreement(server, 48)).toBeGreaterThan(48);
});
