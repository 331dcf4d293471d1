/** On Wasm a tab computes what the references say: logits, and greedy text until a near-tie. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { post } from '../fixtures/apiCalls.ts';
import { expect, test } from '../fixtures/test.ts';
import { verifyFolder } from '../tools/verifyFolder.ts';
import { repositoryRoot } from '../tools/wasmBuilds.ts';

interface Reference {
  greedy: { prompt: string; ids: number[] }[];
}

interface Completion {
  usage: { prompt_tokens: number };
  choices: {
    logprobs: { tokens: string[]; top_logprobs: Record<string, number>[] };
  }[];
}

const folder = join(repositoryRoot, 'tests/models/story15m');

// Where the two likeliest tokens are closer than this, 8-bit activations may choose the other.
const gapMin = 0.5;
const tokensMax = 48;

/** The texts of all tokens by id; what is not ASCII stays as byte-level BPE writes it. */
function readTokens(): string[] {
  const file = JSON.parse(readFileSync(join(folder, 'tokenizer.json'), 'utf8')) as {
    model: { vocab: Record<string, number> };
  };
  const tokens: string[] = [];
  for (const [token, id] of Object.entries(file.model.vocab))
    tokens[id] = token.replaceAll('Ġ', ' ').replaceAll('Ċ', '\n');
  return tokens;
}

function gapOf(candidates: Record<string, number>): number {
  const [first = 0, second = -Infinity] = Object.values(candidates).toSorted((a, b) => b - a);
  return first - second;
}

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
  const text = readFileSync(join(folder, 'reference.json'), 'utf8');
  const { greedy } = JSON.parse(text) as Reference;
  const tokens = readTokens();
  await chat.openAndLoad();
  await server.waitForRunners('story15m', 1);
  let agreeing = 0;
  for (const { prompt, ids } of greedy) {
    const request = { model: 'story15m', prompt, temperature: 0, repetition_penalty: 1 };
    const sent = { ...request, max_tokens: tokensMax, logprobs: 2 };
    const response = await post(server, '/v1/completions', sent);
    const { choices, usage } = (await response.json()) as Completion;
    const expected = ids.slice(usage.prompt_tokens).map((id) => tokens[id]);
    const logprobs = choices[0]?.logprobs;
    for (const [index, token] of (logprobs?.tokens ?? []).entries()) {
      if (token !== expected[index]) {
        const gap = gapOf(logprobs?.top_logprobs[index] ?? {});
        expect(gap, `“${token}” instead of “${expected[index]}”`).toBeLessThan(gapMin);
        break;
      }
      agreeing += 1;
    }
  }
  expect(agreeing).toBeGreaterThan(tokensMax);
});
