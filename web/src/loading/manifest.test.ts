import { describe, expect, test } from 'vitest';
import { makePackage } from '../../test-support/fakeServer.ts';
import { TesseraError } from '../tesseraError.ts';
import { readManifest, samplingFallback } from './manifest.ts';

const url = 'http://server/models/tiny/manifest.json';

function read(fields: Record<string, unknown>) {
  return readManifest(makePackage([4], fields).manifestText, url);
}

function codeOf(action: () => unknown): string {
  try {
    action();
  } catch (thrown) {
    if (thrown instanceof TesseraError) return thrown.code;
    throw thrown;
  }
  return 'no error';
}

describe('a manifest', () => {
  test('gives what loading and chatting need', () => {
    const { manifestText, shards } = makePackage([10, 20]);
    const manifest = readManifest(manifestText, url);
    expect(manifest).toMatchObject({
      name: 'tiny',
      architecture: 'llama',
      contextTokensMax: 1024,
      sizeBytes: 30,
      specialTokens: { bos_token: '<s>' },
      sampling: { ...samplingFallback, temperature: 0.5, top_p: 0.9 },
    });
    expect(manifest.text).toBe(manifestText);
    expect(manifest.shards.map(({ sha256 }) => sha256)).toEqual(shards.map((s) => s.sha256));
  });

  test('takes special tokens written as objects', () => {
    const tokens = { bos_token: { content: '<|x|>', lstrip: false } };
    expect(read({ special_tokens: tokens }).specialTokens).toEqual({ bos_token: '<|x|>' });
  });

  test('does without what may be missing', () => {
    const manifest = read({
      chat_template: null,
      special_tokens: undefined,
      generation: undefined,
      configuration: {},
    });
    expect(manifest).toMatchObject({
      chatTemplate: null,
      specialTokens: {},
      sampling: samplingFallback,
      contextTokensMax: 0,
    });
  });

  test('takes no sampling setting that is out of range', () => {
    const generation = { temperature: -1, top_p: 7, top_k: 'many' };
    expect(read({ generation }).sampling).toEqual(samplingFallback);
  });

  test.each([
    ['another format', { format: 'other' }],
    ['no name', { name: '' }],
    ['no architecture', { architecture: 3 }],
    ['no shards', { shards: [] }],
    ['shards that are no list', { shards: {} }],
    ['a shard that is no object', { shards: [null] }],
    ['a hash in capitals', { shards: [{ sha256: 'A'.repeat(64), size_bytes: 1 }] }],
    ['a hash too short', { shards: [{ sha256: 'a'.repeat(63), size_bytes: 1 }] }],
    ['an empty shard', { shards: [{ sha256: 'a'.repeat(64), size_bytes: 0 }] }],
    ['an oversized shard', { shards: [{ sha256: 'a'.repeat(64), size_bytes: 2 ** 26 + 1 }] }],
    ['a fractional size', { shards: [{ sha256: 'a'.repeat(64), size_bytes: 1.5 }] }],
    ['too many shards', { shards: Array<unknown>(65_537).fill({}) }],
  ])('with %s is refused, naming its address', (_name, fields) => {
    expect(() => read(fields)).toThrow(url);
    expect(codeOf(() => read(fields))).toBe('invalid_file');
  });

  test('of another version says to reload or convert', () => {
    expect(() => read({ version: 2 })).toThrow(/version 2/);
    expect(codeOf(() => read({ version: 2 }))).toBe('unsupported');
  });

  test('cut anywhere is refused as damaged', () => {
    const { manifestText } = makePackage([4]);
    for (let length = 0; length < manifestText.length; length += 7) {
      const cut = manifestText.slice(0, length);
      expect(codeOf(() => readManifest(cut, url))).toBe('invalid_file');
    }
  });

  test('with any bit flipped is read or refused, but never breaks', () => {
    const { manifestText } = makePackage([4]);
    const bytes = new TextEncoder().encode(manifestText);
    for (let bit = 0; bit < bytes.length * 8; bit += 3) {
      const flipped = bytes.slice();
      flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      const code = codeOf(() => readManifest(new TextDecoder().decode(flipped), url));
      expect(['no error', 'invalid_file', 'unsupported']).toContain(code);
    }
  });
});
