/** Regenerating an answer, editing a question, and going back to what was there before. */
import { expect, test } from '../fixtures/test.ts';
import { part } from '../pages/selectors.ts';

test('a person regenerates an answer and goes back to the first', async ({ chat }) => {
  await chat.openAndLoad();
  await chat.settings.change({ temperature: 1.5, max_tokens: 24 });
  const first = await chat.ask('What kind of music do you like?');
  await chat.page.click(part('regenerate'));
  await chat.page.waitForVisible(part('versionPosition'));
  const second = await chat.waitForAnswer(2);
  expect(await chat.page.textContent(part('versionPosition'))).toMatch(/2.*2/);
  expect(second).not.toBe('');
  await chat.page.click(part('previousVersion'));
  await expect.poll(async () => (await chat.messages()).at(-1)?.text).toBe(first);
});

test('a person edits a question and gets another answer', async ({ chat }) => {
  await chat.openAndLoad();
  await chat.settings.change({ temperature: 0, max_tokens: 24 });
  await chat.ask('What kind of music do you like?');
  await chat.page.click(part('editMessage'));
  await chat.page.waitForVisible(part('editText'));
  await chat.page.fill(part('editText'), 'Do you like dogs?');
  await chat.page.click(part('saveEdit'));
  await expect.poll(async () => (await chat.messages())[0]?.text).toBe('Do you like dogs?');
  expect(await chat.waitForAnswer(2)).not.toBe('');
});
