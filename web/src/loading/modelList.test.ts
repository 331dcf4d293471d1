import { describe, expect, test } from 'vitest';
import { listModels } from './modelList.ts';

function answering(body: string, status = 200): typeof fetch {
  return () => Promise.resolve(new Response(body, { status }));
}

const list = (fetch: typeof globalThis.fetch, signal?: AbortSignal) =>
  listModels('http://server', { fetch, signal });

describe('the list of models', () => {
  test('is read from the server', async () => {
    let asked = '';
    const models = await list((input) => {
      asked = input as string;
      const model = { name: 'm', architecture: 'llama', size_bytes: 5, context_tokens_max: 9 };
      return Promise.resolve(Response.json([{ ...model, runners: 1 }]));
    });
    expect(asked).toBe('http://server/models/index.json');
    expect(models).toEqual([
      { name: 'm', architecture: 'llama', sizeBytes: 5, contextTokensMax: 9 },
    ]);
  });

  test('may be empty', async () => {
    expect(await list(answering('[]'))).toEqual([]);
  });

  test.each(['{}', '3', '[{"architecture":"llama"}]', '[null]'])(
    'that says %s is refused as damaged',
    async (body) => {
      await expect(list(answering(body))).rejects.toMatchObject({ code: 'invalid_file' });
    },
  );

  test.each([
    ['is not JSON', answering('<html>')],
    ['answers with an error', answering('', 500)],
    ['cannot be reached', () => Promise.reject(new TypeError('refused'))],
  ])('of a server that %s is a network error with the address', async (_name, fetch) => {
    await expect(list(fetch)).rejects.toMatchObject({
      code: 'network',
      message: expect.stringContaining('http://server/models/index.json') as string,
    });
  });

  test('can be given up', async () => {
    const fetch = () => Promise.reject(new DOMException('aborted', 'AbortError'));
    await expect(list(fetch, AbortSignal.abort())).rejects.toMatchObject({ code: 'cancelled' });
  });
});
