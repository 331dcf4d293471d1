/** Reloading, a second tab, no network: what was there is still there. */
import { expect, test } from '../fixtures/test.ts';
import { ChatPage } from '../pages/chatPage.ts';

test('a reloaded page has the conversation and takes the model from its cache', async ({
  chat,
}) => {
  await chat.openAndLoad();
  await chat.settings.change({ temperature: 0, max_tokens: 24 });
  const answer = await chat.ask('What kind of music do you like?');
  await chat.page.reload();
  await chat.waitUntilReady();
  const shards = await chat.page.evaluate(() =>
    performance
      .getEntriesByType('resource')
      .filter(({ name }) => name.includes('/shards/'))
      .map((entry) => (entry as PerformanceResourceTiming).transferSize),
  );
  expect(shards.reduce((sum, size) => sum + size, 0)).toBe(0);
  await expect
    .poll(async () => (await chat.messages()).map(({ text }) => text))
    .toEqual(['What kind of music do you like?', answer]);
  expect(await chat.ask('Why do you like it?')).not.toBe('');
});

test('two tabs show the same conversations, and both answer', async ({ chat, tabs, server }) => {
  await chat.openAndLoad();
  await chat.settings.change({ temperature: 0, max_tokens: 24 });
  await chat.ask('What kind of music do you like?');
  const other = new ChatPage(await tabs.open(), server.url);
  await other.openAndLoad();
  await expect.poll(() => other.conversations()).toHaveLength(1);
  await server.waitForRunners('story15m', 2);
  const answers = await Promise.all([
    chat.ask('Do you like dogs?'),
    other.ask('Do you like cats?'),
  ]);
  for (const answer of answers) expect(answer).not.toBe('');
});

test('a tab that lost the network goes on answering', async ({ chat, tabs, engine }) => {
  test.skip(engine.limits.setOffline !== undefined, engine.limits.setOffline);
  await chat.openAndLoad();
  await tabs.setOffline(true);
  expect(await chat.ask('What kind of music do you like?')).not.toBe('');
});
