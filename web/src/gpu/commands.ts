// Commands as the inference core writes them: 32-bit words, laid out as
// runtime-wasm/backends/webgpu/commands.h says.
import { TesseraError } from '../tesseraError.ts';

export type GpuBufferKind = 'storage' | 'uniform';

export interface BindingRange {
  buffer: number;
  offsetBytes: number;
  sizeBytes: number;
}

export interface DispatchDescription {
  pipeline: number;
  workgroups: [x: number, y: number, z: number];
  uniformOffsetBytes: number;
  uniformSizeBytes: number;
  bindings: BindingRange[];
}

export interface PipelineDescription {
  label: string;
  code: string;
  constants: Record<string, number>;
}

export type GpuCommand =
  | { type: 'create_buffer'; buffer: number; sizeBytes: number; kind: GpuBufferKind }
  | { type: 'resize_buffer'; buffer: number; sizeBytes: number }
  | { type: 'destroy_buffer'; buffer: number }
  | { type: 'write_buffer'; buffer: number; offsetBytes: number; bytes: Uint8Array<ArrayBuffer> }
  | { type: 'create_pipeline'; pipeline: number; description: PipelineDescription }
  | {
      type: 'define_list';
      list: number;
      uniformBuffer: number;
      dispatches: DispatchDescription[];
    }
  | { type: 'run_list'; list: number }
  | { type: 'release_list'; list: number }
  | {
      type: 'read_buffer';
      ticket: number;
      buffer: number;
      offsetBytes: number;
      sizeBytes: number;
    };

const kBytesPerWord = 4;

// The commands' bytes and texts stay in `words`, which must not change as long as they are used.
// Errors: "internal" where the words do not hold what they announce.
export function decodeCommands(words: Uint32Array<ArrayBuffer>): GpuCommand[] {
  const commands: GpuCommand[] = [];
  for (let position = 0; position < words.length;) {
    const head = words[position] ?? 0;
    const count = head >>> 8;
    if (count === 0 || position + count > words.length) throw malformed(position);
    const reader = new WordReader(words.subarray(position + 1, position + count));
    commands.push(decode(head & 0xff, reader));
    if (!reader.isAtEnd) throw malformed(position);
    position += count;
  }
  return commands;
}

function decode(opcode: number, reader: WordReader): GpuCommand {
  const next = () => reader.next();
  switch (opcode) {
    case 1: {
      const [buffer, sizeBytes, usage] = [next(), next(), next()];
      const kind = usage === 1 ? 'uniform' : 'storage';
      return { type: 'create_buffer', buffer, sizeBytes, kind };
    }
    case 2:
      return { type: 'resize_buffer', buffer: next(), sizeBytes: next() };
    case 3:
      return { type: 'destroy_buffer', buffer: next() };
    case 4: {
      const [buffer, offsetBytes] = [next(), next()];
      return { type: 'write_buffer', buffer, offsetBytes, bytes: reader.bytes(next()) };
    }
    case 5: {
      const pipeline = next();
      return { type: 'create_pipeline', pipeline, description: readPipeline(reader) };
    }
    case 6: {
      const [list, uniformBuffer, count] = [next(), next(), next()];
      const dispatches = Array.from({ length: count }, () => readDispatch(reader));
      return { type: 'define_list', list, uniformBuffer, dispatches };
    }
    case 7:
      return { type: 'run_list', list: next() };
    case 8:
      return { type: 'release_list', list: next() };
    case 9: {
      const [ticket, buffer, offsetBytes, sizeBytes] = [next(), next(), next(), next()];
      return { type: 'read_buffer', ticket, buffer, offsetBytes, sizeBytes };
    }
    default:
      throw new TesseraError('internal', `The core wrote an unknown GPU command (${opcode}).`);
  }
}

function readPipeline(reader: WordReader): PipelineDescription {
  const text = new TextDecoder().decode(reader.bytes(reader.next()));
  const { label, code, constants } = JSON.parse(text) as Partial<PipelineDescription>;
  return { label: label ?? 'kernel', code: code ?? '', constants: constants ?? {} };
}

function readDispatch(reader: WordReader): DispatchDescription {
  const next = () => reader.next();
  const pipeline = next();
  const workgroups: [number, number, number] = [next(), next(), next()];
  const [uniformOffsetBytes, uniformSizeBytes, count] = [next(), next(), next()];
  const bindings = Array.from({ length: count }, () => ({
    buffer: next(),
    offsetBytes: next(),
    sizeBytes: next(),
  }));
  return { pipeline, workgroups, uniformOffsetBytes, uniformSizeBytes, bindings };
}

class WordReader {
  readonly #words: Uint32Array<ArrayBuffer>;
  #position = 0;

  constructor(words: Uint32Array<ArrayBuffer>) {
    this.#words = words;
  }

  get isAtEnd(): boolean {
    return this.#position === this.#words.length;
  }

  next(): number {
    const word = this.#words[this.#position++];
    if (word === undefined) throw malformed(this.#position);
    return word;
  }

  bytes(sizeBytes: number): Uint8Array<ArrayBuffer> {
    const { buffer, byteOffset, length } = this.#words;
    const words = Math.ceil(sizeBytes / kBytesPerWord);
    if (this.#position + words > length) throw malformed(this.#position);
    const start = byteOffset + this.#position * kBytesPerWord;
    this.#position += words;
    return new Uint8Array(buffer, start, sizeBytes);
  }
}

function malformed(position: number): TesseraError {
  return new TesseraError('internal', `The core's GPU commands are malformed at word ${position}.`);
}
