/** Asking, reading along, stopping, going on. */
import { expect, test } from '../fixtures/test.ts';
import { part } from '../pages/selectors.ts';

const greedy = { temperature: 0, repetition_penalty: 1 };

test('a person gets the answer that the model was measured to give', async ({ chat }) => {
  await chat.openAndLoad();
  await chat.settings.change(greedy);
  const answer = await chat.ask('What kind of music do you like?');
  expect(answer).toContain('I like a lot of old stuff.');
});

test.describe('with a model that goes on and on', () => {
  test.use({ models: ['storyteller'] });

  test('a person reads the answer while it grows', async ({ chat }) => {
    await chat.openAndLoad();
    // Long enough to be drawn many times on a machine that draws a few times a second.
    await chat.settings.change({ ...greedy, max_tokens: 900 });
    await chat.recordAnswers();
    const whole = await chat.ask('Once upon a time');
    const seen = await chat.recordedAnswers();
    expect(seen.length).toBeGreaterThan(5);
    expect(seen.toSorted((a, b) => a - b)).toEqual(seen);
    expect(seen[0]).toBeLessThan(whole.length / 2);
    expect((await chat.messages()).at(-1)?.outcome).toBe('finished');
    expect(await chat.page.textContent(part('tokenRate'))).toMatch(/\d/);
  });

  test('a person stops in mid-answer and asks again', async ({ chat }) => {
    await chat.openAndLoad();
    await chat.settings.change({ ...greedy, max_tokens: 900 });
    await chat.send('Once upon a time');
    await chat.waitForText(2, 20);
    await chat.stop();
    const stopped = await chat.waitForAnswer(2);
    expect((await chat.messages()).at(-1)?.outcome).toBe('stopped');
    expect(stopped.length).toBeGreaterThanOrEqual(20);
    await chat.settings.change({ max_tokens: 5 });
    expect(await chat.ask(' and then')).not.toBe('');
    expect((await chat.messages())[1]?.text).toBe(stopped);
  });
});

test('a second turn is answered from the whole conversation', async ({ chat, server }) => {
  await chat.openAndLoad();
  await chat.settings.change({ ...greedy, max_tokens: 24 });
  const first = await chat.ask('What kind of music do you like?');
  const second = await chat.ask('Why do you like it?');
  // The same conversation over the API, answered by this very tab.
  await server.waitForRunners('story15m', 1);
  const messages = [
    { role: 'user', content: 'What kind of music do you like?' },
    { role: 'assistant', content: first },
    { role: 'user', content: 'Why do you like it?' },
  ];
  const response = await fetch(`${server.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'story15m', messages, ...greedy, max_tokens: 24 }),
  });
  const { choices } = (await response.json()) as { choices: { message: { content: string } }[] };
  expect(choices[0]?.message.content.trim()).toBe(second);
});
