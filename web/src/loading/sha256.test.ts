import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { portableSha256, sha256 } from './sha256.ts';

describe.each([
  ['the browser’s', sha256],
  ['the library’s', portableSha256],
])('SHA-256, %s', (_name, hash) => {
  test('of nothing is the well-known value', async () => {
    expect(await hash(new Uint8Array())).toBe(
      'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
    );
  });

  test.each([1, 55, 56, 63, 64, 65, 1000, 100_003])(
    'of %d bytes agrees with OpenSSL',
    async (n) => {
      const bytes = Uint8Array.from({ length: n }, (_, index) => (index * 131) % 256);
      expect(await hash(bytes)).toBe(createHash('sha256').update(bytes).digest('hex'));
    },
  );
});
