/** The server goes away and comes back while a page is open. */
import { expect, test } from '../fixtures/test.ts';

test('an open page outlives a restart of the server', async ({ chat, server }) => {
  await chat.openAndLoad();
  await server.waitForRunners('story15m', 1);
  await server.kill();
  // The model is in the tab: it answers without a server.
  expect(await chat.ask('What kind of music do you like?')).not.toBe('');
  await server.restart();
  await server.waitForRunners('story15m', 1);
  expect(await chat.ask('Do you like dogs?')).not.toBe('');
});

test('a server that is asked to stop does so while a tab is connected', async ({
  chat,
  server,
}) => {
  await chat.openAndLoad();
  await server.waitForRunners('story15m', 1);
  expect(await server.stop()).toBe(0);
});
