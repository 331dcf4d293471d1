// Writes GPU commands as the inference core does: the other half of src/gpu/commands.ts.
import type { BindingRange, PipelineDescription } from '../src/gpu/commands.ts';

export interface WrittenDispatch {
  pipeline: number;
  workgroups?: [number, number, number];
  uniform: [offsetBytes: number, sizeBytes: number];
  bindings: BindingRange[];
}

export class CommandWriter {
  readonly #words: number[] = [];

  take(): Uint32Array<ArrayBuffer> {
    return Uint32Array.from(this.#words.splice(0));
  }

  createBuffer(buffer: number, sizeBytes: number, usage: 'storage' | 'uniform' = 'storage'): this {
    return this.#write(1, [buffer, sizeBytes, usage === 'uniform' ? 1 : 0]);
  }

  resizeBuffer(buffer: number, sizeBytes: number): this {
    return this.#write(2, [buffer, sizeBytes]);
  }

  destroyBuffer(buffer: number): this {
    return this.#write(3, [buffer]);
  }

  writeBuffer(buffer: number, offsetBytes: number, bytes: Uint8Array): this {
    return this.#write(4, [buffer, offsetBytes, bytes.length, ...wordsOf(bytes)]);
  }

  createPipeline(pipeline: number, description: PipelineDescription): this {
    const bytes = new TextEncoder().encode(JSON.stringify(description));
    return this.#write(5, [pipeline, bytes.length, ...wordsOf(bytes)]);
  }

  defineList(list: number, uniformBuffer: number, dispatches: WrittenDispatch[]): this {
    const operands = dispatches.flatMap(({ pipeline, workgroups, uniform, bindings }) => [
      pipeline,
      ...(workgroups ?? [1, 1, 1]),
      ...uniform,
      bindings.length,
      ...bindings.flatMap(({ buffer, offsetBytes, sizeBytes }) => [buffer, offsetBytes, sizeBytes]),
    ]);
    return this.#write(6, [list, uniformBuffer, dispatches.length, ...operands]);
  }

  runList(list: number): this {
    return this.#write(7, [list]);
  }

  releaseList(list: number): this {
    return this.#write(8, [list]);
  }

  readBuffer(ticket: number, buffer: number, offsetBytes: number, sizeBytes: number): this {
    return this.#write(9, [ticket, buffer, offsetBytes, sizeBytes]);
  }

  #write(opcode: number, operands: number[]): this {
    this.#words.push(opcode | ((operands.length + 1) << 8), ...operands);
    return this;
  }
}

function wordsOf(bytes: Uint8Array): number[] {
  const padded = new Uint8Array(Math.ceil(bytes.length / 4) * 4);
  padded.set(bytes);
  return [...new Uint32Array(padded.buffer)];
}

export function bytesOf(values: number[]): Uint8Array<ArrayBuffer> {
  return new Uint8Array(Uint32Array.from(values).buffer);
}
