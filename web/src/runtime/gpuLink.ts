// Joins a model of the Wasm module to a GPUDevice: what the core asks for is executed, what was
// read is handed to the core.
import type { AcquiredDevice } from '../gpu/device.ts';
import { CommandExecutor } from '../gpu/executor.ts';
import type { Profiler } from '../gpu/profiler.ts';
import { writeSpan } from '../gpu/writeSpan.ts';
import type { GpuSpan, TensorSpan } from '../loading/shardPlacement.ts';
import type { TesseraError } from '../tesseraError.ts';
import type { WasmRuntime } from './wasmRuntime.ts';

export interface GpuLinkOptions {
  profiler?: Profiler | undefined;
  usesErrorScopes?: boolean | undefined;
}

const kTensorPieceBytes = 2 ** 20;

interface Waiter {
  resolve: () => void;
  reject: (error: TesseraError) => void;
}

export class GpuLink {
  readonly executor: CommandExecutor;
  readonly #runtime: WasmRuntime;
  readonly #model: number;
  readonly #waiters: Waiter[] = [];

  constructor(
    runtime: WasmRuntime,
    model: number,
    { device, lost }: AcquiredDevice,
    options: GpuLinkOptions = {},
  ) {
    this.#runtime = runtime;
    this.#model = model;
    this.executor = new CommandExecutor({
      ...options,
      device,
      lost,
      onRead: (ticket, bytes) => this.#deliver(ticket, bytes),
      onFailure: (error) => {
        for (const { reject } of this.#waiters.splice(0)) reject(error);
      },
    });
  }

  // To be called after every call on the model: its commands last no longer.
  takeCommands(): void {
    const model = this.#model;
    const { pointer, words } = this.#runtime.call('gpu.commands', { model });
    if (words === 0) return;
    const start = pointer >>> 0;
    const bytes = this.#runtime.heap.slice(start, start + words * Uint32Array.BYTES_PER_ELEMENT);
    this.executor.execute(new Uint32Array(bytes.buffer));
  }

  // Resolves when the next bytes have been handed to the core.
  // Errors: why none will come.
  arrival(): Promise<void> {
    const { failure } = this.executor;
    if (failure) return Promise.reject(failure);
    return new Promise((resolve, reject) => this.#waiters.push({ resolve, reject }));
  }

  write(span: GpuSpan, bytes: Uint8Array<ArrayBuffer>): void {
    if ('buffer' in span) writeSpan(this.executor, span.buffer, span.bufferOffsetBytes, bytes);
    else this.#writeTensor(span, bytes);
  }

  // In pieces, since the core holds a copy in the order of the GPU.
  #writeTensor({ tensor, tensorOffsetBytes }: TensorSpan, bytes: Uint8Array): void {
    const model = this.#model;
    for (let start = 0; start < bytes.length; start += kTensorPieceBytes) {
      const piece = bytes.subarray(start, start + kTensorPieceBytes);
      const place = { tensor, tensor_offset_bytes: tensorOffsetBytes + start };
      this.#runtime.lend(piece, (pointer) =>
        this.#runtime.call('gpu.write', { model, ...place, pointer, size_bytes: piece.length }),
      );
      this.takeCommands();
    }
  }

  #deliver(ticket: number, bytes: Uint8Array): void {
    const model = this.#model;
    this.#runtime.lend(bytes, (pointer) =>
      this.#runtime.call('gpu.deliver', { model, ticket, pointer, size_bytes: bytes.length }),
    );
    this.takeCommands();
    for (const { resolve } of this.#waiters.splice(0)) resolve();
  }
}
