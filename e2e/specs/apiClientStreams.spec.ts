/** Programs that know nothing of Tessera stream an answer from an open tab. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import OpenAI from 'openai';
import { post } from '../fixtures/apiCalls.ts';
import { expect, test } from '../fixtures/test.ts';

const run = promisify(execFile);
const question = 'What kind of music do you like?';
const measuredAnswer = 'I like a lot of old stuff.';
const python = join(homedir(), '.cache/tessera/python/bin/python');

test('a caller without an open tab is told which address to open', async ({ server }) => {
  const messages = [{ role: 'user', content: question }];
  const response = await post(server, '/v1/chat/completions', { model: 'story15m', messages });
  expect(response.status).toBe(503);
  const { error } = (await response.json()) as { error: { message: string; code: string } };
  expect(error.code).toBe('no_runner');
  expect(error.message).toContain(server.url);
});

test.describe('with a tab open', () => {
  test.beforeEach(async ({ chat, server }) => {
    await chat.openAndLoad();
    await server.waitForRunners('story15m', 1);
  });

  test('curl streams an answer', async ({ server }) => {
    const messages = [{ role: 'user', content: question }];
    const body = { model: 'story15m', messages, temperature: 0, max_tokens: 24, stream: true };
    const { stdout } = await run('curl', [
      ...['--silent', '--no-buffer', '--fail-with-body', `${server.url}/v1/chat/completions`],
      ...['--header', 'content-type: application/json', '--data', JSON.stringify(body)],
    ]);
    const events = stdout.split('\n\n').filter(Boolean);
    expect(events.at(-1)).toBe('data: [DONE]');
    const text = events
      .slice(0, -1)
      .map((event) => JSON.parse(event.replace(/^data: /, '')) as OpenAI.ChatCompletionChunk)
      .map((chunk) => chunk.choices[0]?.delta.content ?? '')
      .join('');
    expect(text.trim()).toBe(measuredAnswer);
  });

  test("OpenAI's Node client streams an answer", async ({ server }) => {
    const client = new OpenAI({ baseURL: `${server.url}/v1`, apiKey: 'unused', maxRetries: 0 });
    expect((await client.models.list()).data.map(({ id }) => id)).toContain('story15m');
    const stream = await client.chat.completions.create({
      model: 'story15m',
      messages: [{ role: 'user', content: question }],
      temperature: 0,
      max_completion_tokens: 24,
      stream: true,
      stream_options: { include_usage: true },
    });
    const pieces: string[] = [];
    let finish: string | null = null;
    let usage: OpenAI.CompletionUsage | null = null;
    for await (const chunk of stream) {
      const [choice] = chunk.choices;
      if (choice?.delta.content) pieces.push(choice.delta.content);
      finish = choice?.finish_reason ?? finish;
      usage = chunk.usage ?? usage;
    }
    expect(pieces.join('').trim()).toBe(measuredAnswer);
    expect(pieces.length).toBeGreaterThan(3);
    expect(finish).toBe('stop');
    expect(usage?.completion_tokens).toBeGreaterThanOrEqual(pieces.length);
  });

  test("OpenAI's Node client gets a whole answer", async ({ server }) => {
    const client = new OpenAI({ baseURL: `${server.url}/v1`, apiKey: 'unused', maxRetries: 0 });
    const answer = await client.chat.completions.create({
      model: 'story15m',
      messages: [{ role: 'user', content: question }],
      temperature: 0,
    });
    expect(answer.choices[0]?.message.content?.trim()).toBe(measuredAnswer);
    expect(answer.choices[0]?.finish_reason).toBe('stop');
  });

  test("OpenAI's Python client streams an answer", async ({ server }) => {
    test.skip(!existsSync(python), "scripts/setup --test installs OpenAI's Python client");
    const script = join(import.meta.dirname, '../clients/stream_answer.py');
    const { stdout } = await run(python, [script, `${server.url}/v1`, 'story15m', question]);
    const pieces = JSON.parse(stdout) as string[];
    expect(pieces.join('').trim()).toBe(measuredAnswer);
    expect(pieces.filter(Boolean).length).toBeGreaterThan(3);
  });

  test('a caller who goes away frees the tab for the next one', async ({ server }) => {
    const leaving = new AbortController();
    const endless = { model: 'story15m', prompt: 'Once', max_tokens: 900, ignore_end: true };
    const body = { ...endless, stream: true };
    const first = await post(server, '/v1/completions', body, leaving.signal);
    await first.body?.getReader().read();
    leaving.abort();
    const next = { model: 'story15m', prompt: 'Once', max_tokens: 2, temperature: 0 };
    const second = await post(server, '/v1/completions', next, AbortSignal.timeout(5_000));
    expect(second.status).toBe(200);
  });

  test('a caller with a broken body is told what is wrong with it', async ({ server }) => {
    const response = await post(server, '/v1/chat/completions', { model: 'story15m' });
    expect(response.status).toBe(400);
    const { error } = (await response.json()) as { error: { message: string } };
    expect(error.message).toContain('messages');
  });
});
