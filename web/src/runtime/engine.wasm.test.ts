// The built Wasm modules under Node, behind the same worker calls as in a browser.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { convertStory15m, readStory15m, type MadePackage } from '../../test-support/nodeEngine.ts';
import type { Engine } from '../engine/engine.ts';

interface Reference {
  greedy: { prompt: string; ids: number[]; text: string }[];
}
interface TokenizerGolden {
  text: string;
  ids: number[];
}

let story15m: MadePackage;
beforeAll(() => {
  story15m = convertStory15m('f16');
});
afterAll(() => story15m.remove());

describe.each(['simd', 'simd-threads', 'threads'] as const)('the module with %s', (variant) => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await story15m.start({ variant, threads: 2, activations: 'f32' });
  });
  afterAll(() => engine.dispose());

  test('says what it is and keeps its memory within the budget', async () => {
    expect(engine).toMatchObject({ architecture: 'llama', contextTokensMax: 1024 });
    const memory = await engine.memory();
    const { weightsBytes, kvCacheBytes, activationsBytes, budgetBytes, heapBytes } = memory;
    expect(weightsBytes).toBeGreaterThan(30_000_000);
    expect(weightsBytes + kvCacheBytes + activationsBytes).toBeLessThanOrEqual(budgetBytes);
    expect(heapBytes).toBeGreaterThan(weightsBytes);
  });

  test('tokenizes as the reference does', async () => {
    const golden = readStory15m('tokenizer_golden.json') as TokenizerGolden[];
    expect(golden.length).toBeGreaterThan(5);
    for (const { text, ids } of golden) expect(await engine.tokenize(text)).toEqual(ids);
  });

  test('goes on with a prompt as the reference does', async () => {
    const { greedy } = readStory15m('reference.json') as Reference;
    for (const { prompt, ids, text } of greedy.slice(0, 2)) {
      const max_tokens = 24;
      const completion = await engine.completions.create({ prompt, temperature: 0, max_tokens });
      const expected = text.slice(prompt.length, prompt.length + 40);
      expect(completion.choices[0]?.text.slice(0, expected.length)).toBe(expected);
      expect(completion.usage.prompt_tokens).toBe((await engine.tokenize(prompt)).length);
      expect(ids.length).toBeGreaterThan(0);
    }
  });

  test('chats over two turns, and keeps what both have in common', async () => {
    const messages = [{ role: 'user' as const, content: 'Tell me about a dog.' }];
    const settings = { temperature: 0.8, seed: 5, max_tokens: 20 };
    const first = await engine.chat.completions.create({ messages, ...settings });
    const again = await engine.chat.completions.create({ messages, ...settings });
    const answer = first.choices[0]?.message.content ?? '';
    expect(answer).not.toBe('');
    expect(again.choices[0]?.message.content).toBe(answer);
    const second = await engine.chat.completions.create({
      messages: [
        ...messages,
        { role: 'assistant', content: answer },
        { role: 'user', content: 'And then?' },
      ],
      ...settings,
    });
    expect(second.usage.prompt_tokens_details.cached_tokens).toBeGreaterThan(5);
    expect(engine.timings?.decodeTokensPerSecond).toBeGreaterThan(0);
  });

  test('stops in mid-answer and answers the next request', async () => {
    const controller = new AbortController();
    const { signal } = controller;
    const prompt = 'Once upon a time';
    const timingsBefore = engine.timings;
    let chunks = 0;
    // Greedy: this prompt goes on for hundreds of tokens.
    const request = { prompt, stream: true as const, temperature: 0, signal };
    const stream = await engine.completions.create(request);
    for await (const _chunk of stream) if (++chunks === 3) controller.abort();
    expect(chunks).toBe(3);
    expect(engine.timings).toBe(timingsBefore);
    const next = await engine.completions.create({ prompt, max_tokens: 2, temperature: 0 });
    expect(next.usage.completion_tokens).toBe(2);
  });

  test('says what is wrong with a prompt that is too long', async () => {
    const prompt = 'word '.repeat(2000);
    await expect(engine.completions.create({ prompt })).rejects.toMatchObject({
      code: 'context_full',
    });
  });
});
