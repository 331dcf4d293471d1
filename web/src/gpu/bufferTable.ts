// Buffers by number, each created inside error scopes so that a refusal is known as what it is.
import { TesseraError } from '../tesseraError.ts';
import type { GpuBufferKind } from './commands.ts';
import { bufferInvalid, bufferRefused } from './errors.ts';
import { kBufferUsage } from './usage.ts';

const kCopies = kBufferUsage.copySource | kBufferUsage.copyDestination;
const usages: Record<GpuBufferKind, number> = {
  storage: kBufferUsage.storage | kCopies,
  uniform: kBufferUsage.uniform | kCopies,
};

// WebGPU binds no empty range.
const kSizeBytesMin = 16;

interface Entry {
  buffer: GPUBuffer;
  sizeBytes: number;
  kind: GpuBufferKind;
}

export class BufferTable {
  readonly #device: GPUDevice;
  readonly #onFailure: (error: TesseraError) => void;
  readonly #entries = new Map<number, Entry>();
  readonly #checks = new Set<Promise<void>>();
  #sizeBytes = 0;

  constructor(device: GPUDevice, onFailure: (error: TesseraError) => void) {
    this.#device = device;
    this.#onFailure = onFailure;
  }

  // Of all buffers together.
  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  create(number: number, sizeBytes: number, kind: GpuBufferKind): void {
    const buffer = this.#allocate(sizeBytes, kind);
    this.#entries.set(number, { buffer, sizeBytes, kind });
    this.#sizeBytes += sizeBytes;
  }

  // Puts a buffer of another size in its place; the old one is the caller's to copy from and
  // destroy.
  replace(number: number, sizeBytes: number): { old: GPUBuffer; kept: number; made: GPUBuffer } {
    const entry = this.#find(number);
    const { buffer: old, sizeBytes: oldSizeBytes, kind } = entry;
    const made = this.#allocate(sizeBytes, kind);
    this.#entries.set(number, { buffer: made, sizeBytes, kind });
    this.#sizeBytes += sizeBytes - oldSizeBytes;
    return { old, kept: Math.min(sizeBytes, oldSizeBytes), made };
  }

  // Errors: "internal" if there is none of that number.
  get(number: number): GPUBuffer {
    return this.#find(number).buffer;
  }

  destroy(number: number): void {
    const { buffer, sizeBytes } = this.#find(number);
    buffer.destroy();
    this.#entries.delete(number);
    this.#sizeBytes -= sizeBytes;
  }

  destroyAll(): void {
    for (const number of [...this.#entries.keys()]) this.destroy(number);
  }

  // Resolves when it is known of every buffer so far whether it could be had.
  async checked(): Promise<void> {
    await Promise.all([...this.#checks]);
  }

  #allocate(sizeBytes: number, kind: GpuBufferKind): GPUBuffer {
    const device = this.#device;
    device.pushErrorScope('out-of-memory');
    device.pushErrorScope('validation');
    const size = Math.max(sizeBytes, kSizeBytesMin);
    let buffer: GPUBuffer;
    try {
      buffer = device.createBuffer({ size, usage: usages[kind] });
    } catch (thrown) {
      device.popErrorScope().catch(() => undefined);
      device.popErrorScope().catch(() => undefined);
      throw bufferRefused(sizeBytes, thrown instanceof Error ? thrown.message : String(thrown));
    }
    const invalid = device.popErrorScope();
    const outOfMemory = device.popErrorScope();
    const check = Promise.all([invalid, outOfMemory])
      .then(([validationError, memoryError]) => {
        if (memoryError) this.#onFailure(bufferRefused(sizeBytes, memoryError.message));
        else if (validationError)
          this.#onFailure(bufferInvalid(sizeBytes, validationError.message));
      })
      // A device that is lost answers no more; its loss is told by itself.
      .catch(() => undefined)
      .finally(() => this.#checks.delete(check));
    this.#checks.add(check);
    return buffer;
  }

  #find(number: number): Entry {
    const entry = this.#entries.get(number);
    if (!entry) throw new TesseraError('internal', `The core names no GPU buffer ${number}.`);
    return entry;
  }
}
