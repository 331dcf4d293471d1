// SHA-256 of bytes, as lower-case hexadecimal.

export type Sha256 = (bytes: Uint8Array<ArrayBuffer>) => Promise<string>;

// The browser's own where the page is a secure context; a library, fetched only then, where it is
// not.
export const sha256: Sha256 = async (bytes) => {
  const { subtle } = globalThis.crypto as Partial<Crypto>;
  return subtle
    ? hexadecimal(new Uint8Array(await subtle.digest('SHA-256', bytes)))
    : portableSha256(bytes);
};

export const portableSha256: Sha256 = async (bytes) => {
  const library = await import('@noble/hashes/sha2.js');
  return hexadecimal(library.sha256(bytes));
};

function hexadecimal(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
