/** A KV cache of few bits, asked for in the page's address. */
import { formatBytes } from '../../web/src/chat/format.ts';
import { expect, test } from '../fixtures/test.ts';
import type { ChatPage } from '../pages/chatPage.ts';
import { part } from '../pages/selectors.ts';

const greedy = { temperature: 0, repetition_penalty: 1 };

async function expectFourBits(chat: ChatPage): Promise<void> {
  if (!(await chat.page.isVisible(part('tabPanel')))) await chat.page.click(part('toggleTabPanel'));
  // 8 layers, keys and values of 2 heads, 36 bytes each; in f16 it is 4,096 bytes.
  const memory = ((await chat.page.textContent(part('memory'))) ?? '').replaceAll(/\s+/g, ' ');
  expect(memory).toContain(`KV cache for each token ${formatBytes(8 * 2 * 2 * 36)}`);
}

test('a person chats over two turns with a cache of 4 bits, and sees what it takes', async ({
  chat,
}) => {
  await chat.openAndLoad('kv=4&backend=wasm');
  await chat.settings.change({ ...greedy, max_tokens: 24 });
  expect(await chat.ask('What kind of music do you like?')).toContain('I like');
  expect(await chat.ask('Why do you like it?')).not.toBe('');
  await expectFourBits(chat);
});

test('the same on WebGPU', async ({ chat, engineName }) => {
  test.skip(engineName === 'webkit', 'WebKitGTK has no WebGPU');
  await chat.openAndLoad('kv=4&backend=webgpu');
  await chat.settings.change({ ...greedy, max_tokens: 8 });
  expect(await chat.ask('What kind of music do you like?')).toContain('I like');
  await chat.settings.change({ max_tokens: 3 });
  expect(await chat.ask('Why do you like it?')).not.toBe('');
  await expectFourBits(chat);
  expect(await chat.page.textContent(part('memory'))).toMatch(/WebGPU memory\s*\d/);
});
