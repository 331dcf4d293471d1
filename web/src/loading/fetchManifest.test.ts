import { describe, expect, test } from 'vitest';
import { FakeClock } from '../../test-support/fakeClock.ts';
import { makePackage } from '../../test-support/fakeServer.ts';
import { fetchManifest } from './fetchManifest.ts';
import { kManifestSizeBytesMax } from './manifest.ts';
import { kRetryBackoff } from './retry.ts';

const { manifestText } = makePackage([4]);

function get(
  fetch: typeof globalThis.fetch,
  model = 'tiny',
  signal = new AbortController().signal,
) {
  const clock = new FakeClock();
  const notices: (string | null)[] = [];
  const onNotice = (notice: string | null) => notices.push(notice);
  const retry = { clock, backoff: kRetryBackoff, failuresMax: 3, onNotice };
  const manifest = clock.runUntil(fetchManifest('http://server', model, fetch, retry, signal));
  return { manifest, notices };
}

describe('fetching a manifest', () => {
  test('asks for the model by its name, whatever is in it', async () => {
    let asked = '';
    const fetch = (input: RequestInfo | URL) => {
      asked = input as string;
      return Promise.resolve(new Response(manifestText));
    };
    expect((await get(fetch, 'a/b c').manifest).name).toBe('tiny');
    expect(asked).toBe('http://server/models/a%2Fb%20c/manifest.json');
  });

  test('waits for a server that is away, and says so', async () => {
    let attempts = 0;
    const { manifest, notices } = get(() => {
      attempts += 1;
      if (attempts < 3) return Promise.reject(new TypeError('refused'));
      return Promise.resolve(new Response(manifestText));
    });
    expect((await manifest).name).toBe('tiny');
    expect(notices).toHaveLength(3);
    expect(notices.at(-1)).toBeNull();
  });

  test('does not wait for a model that does not exist', async () => {
    let attempts = 0;
    const { manifest } = get(() => {
      attempts += 1;
      return Promise.resolve(new Response(null, { status: 404 }));
    });
    await expect(manifest).rejects.toMatchObject({ code: 'model_not_found' });
    expect(attempts).toBe(1);
  });

  test.each([
    ['announced', new Response('{}', { headers: { 'Content-Length': '99999999' } })],
    ['found', new Response(' '.repeat(kManifestSizeBytesMax + 1))],
  ])('refuses one whose size is %s to be too large', async (_name, response) => {
    const { manifest } = get(() => Promise.resolve(response));
    await expect(manifest).rejects.toMatchObject({ code: 'invalid_file' });
  });

  test('can be given up', async () => {
    const { manifest } = get(() => Promise.resolve(new Response()), 'tiny', AbortSignal.abort());
    await expect(manifest).rejects.toMatchObject({ code: 'cancelled' });
  });
});
