/** Settings that a person changes show in the answers. */
import { expect, test } from '../fixtures/test.ts';
import { part } from '../pages/selectors.ts';

test('the same seed gives the same text, another seed another text', async ({ chat }) => {
  await chat.openAndLoad();
  const answers: string[] = [];
  for (const seed of [7, 7, 8]) {
    await chat.page.click(part('newConversation'));
    await expect.poll(() => chat.messages()).toEqual([]);
    await chat.settings.change({ temperature: 1.2, seed, max_tokens: 32 });
    answers.push(await chat.ask('Tell me about the sea.'));
  }
  expect(answers[1]).toBe(answers[0]);
  expect(answers[2]).not.toBe(answers[0]);
});

test.describe('with a model that goes on and on', () => {
  test.use({ models: ['storyteller'] });

  test('an answer is no longer than the longest that was allowed', async ({ chat }) => {
    await chat.openAndLoad();
    await chat.settings.change({ temperature: 0, max_tokens: 3 });
    const short = await chat.ask('The old man looked at the');
    await chat.settings.change({ max_tokens: 30 });
    const long = await chat.ask(' and');
    expect(short.length).toBeGreaterThan(0);
    expect(long.length).toBeGreaterThan(short.length);
  });
});

test.describe('with two models', () => {
  test.use({ models: ['story15m', 'storyteller'] });

  test('a person picks another model, which answers from then on', async ({ chat, server }) => {
    await chat.openAndLoad();
    await chat.page.select(part('modelPicker'), 'storyteller');
    await server.waitForRunners('storyteller', 1);
    await chat.waitUntilReady();
    await chat.settings.change({ temperature: 0, max_tokens: 8 });
    expect(await chat.ask('Once upon a time')).not.toBe('');
  });
});
