// Weights on their way into a GPU buffer.
import { TesseraError } from '../tesseraError.ts';
import type { CommandExecutor } from './executor.ts';

// A write is copied on its way to the GPU: pieces keep that copy small.
export const kPieceBytesMax = 4 * 2 ** 20;

// WebGPU writes whole words: the last one is filled up with zeros, for which the core leaves room.
// Errors: "internal" if the offset is no multiple of 4.
export function writeSpan(
  executor: Pick<CommandExecutor, 'writeBuffer'>,
  buffer: number,
  offsetBytes: number,
  bytes: Uint8Array<ArrayBuffer>,
): void {
  if (offsetBytes % 4 !== 0) {
    throw new TesseraError('internal', `Weights at byte ${offsetBytes} of a GPU buffer.`);
  }
  const wholeBytes = bytes.length - (bytes.length % 4);
  for (let start = 0; start < wholeBytes; start += kPieceBytesMax) {
    const piece = bytes.subarray(start, Math.min(start + kPieceBytesMax, wholeBytes));
    executor.writeBuffer(buffer, offsetBytes + start, piece);
  }
  if (wholeBytes === bytes.length) return;
  const word = new Uint8Array(4);
  word.set(bytes.subarray(wholeBytes));
  executor.writeBuffer(buffer, offsetBytes + wholeBytes, word);
}
