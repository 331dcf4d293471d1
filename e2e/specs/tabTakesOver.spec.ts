/**
 * A tab that answers is closed in mid-answer; another one goes on, and the caller notices nothing.
 */
import { streamCompletion } from '../fixtures/apiCalls.ts';
import { expect, test } from '../fixtures/test.ts';
import { ChatPage } from '../pages/chatPage.ts';

test.use({ models: ['storyteller'] });

const request = {
  model: 'storyteller',
  prompt: 'Once upon a time there was a little girl who',
  max_tokens: 600,
  temperature: 0,
  repetition_penalty: 1,
  ignore_end: true,
};

test('an answer goes on without a gap when its tab is closed', async ({ chat, tabs, server }) => {
  await chat.openAndLoad();
  await server.waitForRunners('storyteller', 1);
  const undisturbed = await streamCompletion(server, request);

  let pieces = 0;
  let closed: Promise<void> | undefined;
  const disturbed = streamCompletion(server, request, () => {
    pieces += 1;
    if (pieces === 20) closed = tabs.close(chat.page);
  });
  const other = new ChatPage(await tabs.open(), server.url);
  await other.open();
  const text = await disturbed;
  await closed;
  expect(closed).toBeDefined();
  expect(text).toBe(undisturbed);
});
