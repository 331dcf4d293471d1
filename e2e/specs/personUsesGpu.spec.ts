/** Chatting with a model that runs on WebGPU, also when the graphics device is taken away. */
import { streamCompletion } from '../fixtures/apiCalls.ts';
import { expect, test } from '../fixtures/test.ts';
import type { ChatPage } from '../pages/chatPage.ts';
import { part } from '../pages/selectors.ts';

test.skip(({ engineName }) => engineName === 'webkit', 'WebKitGTK has no WebGPU');

// In f32: what is computed again then differs too little to make another token the likeliest.
const losable = 'backend=webgpu&features=f32&testing=true';

const greedy = { temperature: 0, repetition_penalty: 1 };

async function openTabPanel(chat: ChatPage): Promise<void> {
  if (!(await chat.page.isVisible(part('tabPanel')))) await chat.page.click(part('toggleTabPanel'));
}

test('a person asks, asks again, and sees where the model runs', async ({ chat }) => {
  await chat.openAndLoad('backend=webgpu');
  await chat.settings.change({ ...greedy, max_tokens: 12 });
  const answer = await chat.ask('What kind of music do you like?');
  expect(answer).toContain('I like a lot of');
  await chat.settings.change({ max_tokens: 3 });
  expect(await chat.ask('Why do you like it?')).not.toBe('');
  await openTabPanel(chat);
  const sentences = (await chat.page.textContent(part('capabilitySentences'))) ?? '';
  expect(sentences).toMatch(/The model runs on WebGPU \(“[^”]+”\), as prescribed\./);
  expect(await chat.page.textContent(part('memory'))).toMatch(/WebGPU memory\s*\d/);
});

test.describe('with a model that goes on and on', () => {
  test.use({ models: ['tiny'] });

  test('a person stops in mid-answer and asks again', async ({ chat }) => {
    await chat.openAndLoad('backend=webgpu');
    await chat.settings.change({ ...greedy, max_tokens: 400 });
    await chat.send('Once upon a time');
    await chat.waitForText(2, 20);
    await chat.stop();
    await chat.waitForAnswer(2);
    expect((await chat.messages()).at(-1)?.outcome).toBe('stopped');
    await chat.settings.change({ max_tokens: 3 });
    expect(await chat.ask(' and then')).not.toBe('');
  });

  test('an answer goes on, with no word lost or doubled, when the device is lost', async ({
    chat,
  }) => {
    await chat.openAndLoad(losable);
    await chat.settings.change({ ...greedy, max_tokens: 200 });
    const undisturbed = await chat.ask('Once upon a time');
    await chat.page.click(part('newConversation'));
    await chat.send('Once upon a time');
    await chat.waitForText(2, 20);
    await chat.loseDevice();
    expect(await chat.waitForAnswer(2)).toBe(undisturbed);
    expect((await chat.messages()).at(-1)?.outcome).toBe('finished');
    expect(await chat.page.textContent(part('notice'))).toMatch(/graphics device was lost/);
  });

  test('so does an answer that this tab gives to others', async ({ chat, server }) => {
    await chat.openAndLoad(losable);
    await server.waitForRunners('tiny', 1);
    const request = {
      model: 'tiny',
      prompt: 'Once upon a time there was a little girl who',
      max_tokens: 200,
      ignore_end: true,
      ...greedy,
    };
    const undisturbed = await streamCompletion(server, request);
    let pieces = 0;
    let lost: Promise<void> | undefined;
    const text = await streamCompletion(server, request, () => {
      pieces += 1;
      if (pieces === 10) lost = chat.loseDevice();
    });
    await lost;
    expect(lost).toBeDefined();
    expect(text).toBe(undisturbed);
    expect(await chat.page.textContent(part('notice'))).toMatch(/graphics device was lost/);
  });
});
