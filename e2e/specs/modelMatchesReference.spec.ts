/** A tab's greedy text is the reference's, token by token, as long as the choice is no near-tie. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { post } from '../fixtures/apiCalls.ts';
import { expect, test } from '../fixtures/test.ts';
import { repositoryRoot } from '../tools/wasmBuilds.ts';

interface Reference {
  greedy: { prompt: string; text: string }[];
}

interface Completion {
  choices: {
    logprobs: { tokens: string[]; top_logprobs: Record<string, number>[] };
  }[];
}

// Where the two likeliest tokens are closer than this, 8-bit activations may choose the other.
const gapMin = 0.5;
const tokensMax = 48;

function gapOf(candidates: Record<string, number>): number {
  const [first = 0, second = -Infinity] = Object.values(candidates).toSorted((a, b) => b - a);
  return first - second;
}

test('greedy text equals the reference up to its first near-tie', async ({ chat, server }) => {
  const path = join(repositoryRoot, 'tests/models/story15m/reference.json');
  const { greedy } = JSON.parse(readFileSync(path, 'utf8')) as Reference;
  await chat.openAndLoad();
  await server.waitForRunners('story15m', 1);
  for (const { prompt, text } of greedy) {
    const request = { model: 'story15m', prompt, temperature: 0, repetition_penalty: 1 };
    const sent = { ...request, max_tokens: tokensMax, logprobs: 2 };
    const response = await post(server, '/v1/completions', sent);
    const { choices } = (await response.json()) as Completion;
    const logprobs = choices[0]?.logprobs;
    let shown = prompt;
    let compared = 0;
    for (const [index, token] of (logprobs?.tokens ?? []).entries()) {
      if (gapOf(logprobs?.top_logprobs[index] ?? {}) < gapMin) break;
      shown += token;
      compared += 1;
    }
    expect(text.slice(0, shown.length)).toBe(shown);
    expect(compared, `tokens of “${prompt}” before a near-tie`).toBeGreaterThan(0);
  }
});
