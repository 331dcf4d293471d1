/** Writes GGUF v3 files: metadata, then tensors in the order given. */
import { closeSync, openSync, writeSync } from 'node:fs';

export type GgufValue =
  | { type: 'uint32'; value: number }
  | { type: 'float32'; value: number }
  | { type: 'string'; value: string }
  | { type: 'strings'; value: string[] }
  | { type: 'float32s'; value: number[] }
  | { type: 'int32s'; value: number[] };

export interface GgufTensor {
  name: string;
  /** Neighbouring elements first, as GGUF has it: [columns, rows]. */
  extents: number[];
  /** ggml's number of the type. */
  type: number;
  sizeBytes: number;
  /** The tensor's bytes; called once, when it is written. */
  make(): Uint8Array;
}

const alignmentBytes = 32;
const typeNumbers = { uint32: 4, int32: 5, float32: 6, string: 8, array: 9 };

class Bytes {
  readonly #parts: Uint8Array[] = [];
  sizeBytes = 0;

  add(part: Uint8Array): this {
    this.#parts.push(part);
    this.sizeBytes += part.length;
    return this;
  }
  uint32(value: number): this {
    return this.add(new Uint8Array(Uint32Array.of(value).buffer));
  }
  uint64(value: number): this {
    return this.add(new Uint8Array(BigUint64Array.of(BigInt(value)).buffer));
  }
  string(value: string): this {
    const text = new TextEncoder().encode(value);
    return this.uint64(text.length).add(text);
  }
  array(elementType: number, count: number): this {
    return this.uint32(typeNumbers.array).uint32(elementType).uint64(count);
  }
  joined(): Uint8Array {
    return Buffer.concat(this.#parts);
  }
}

function writeValue(out: Bytes, entry: GgufValue): void {
  switch (entry.type) {
    case 'uint32':
      out.uint32(typeNumbers.uint32).uint32(entry.value);
      return;
    case 'float32':
      out.uint32(typeNumbers.float32).add(new Uint8Array(Float32Array.of(entry.value).buffer));
      return;
    case 'string':
      out.uint32(typeNumbers.string).string(entry.value);
      return;
    case 'strings':
      out.array(typeNumbers.string, entry.value.length);
      for (const text of entry.value) out.string(text);
      return;
    case 'float32s':
      out.array(typeNumbers.float32, entry.value.length);
      out.add(new Uint8Array(Float32Array.from(entry.value).buffer));
      return;
    case 'int32s':
      out.array(typeNumbers.int32, entry.value.length);
      out.add(new Uint8Array(Int32Array.from(entry.value).buffer));
  }
}

const aligned = (sizeBytes: number) => Math.ceil(sizeBytes / alignmentBytes) * alignmentBytes;

export function writeGguf(
  path: string,
  metadata: Record<string, GgufValue>,
  tensors: GgufTensor[],
): void {
  const header = new Bytes().add(new TextEncoder().encode('GGUF')).uint32(3);
  header.uint64(tensors.length).uint64(Object.keys(metadata).length);
  for (const [key, value] of Object.entries(metadata)) writeValue(header.string(key), value);
  let offset = 0;
  for (const { name, extents, type, sizeBytes } of tensors) {
    header.string(name).uint32(extents.length);
    for (const extent of extents) header.uint64(extent);
    header.uint32(type).uint64(offset);
    offset += aligned(sizeBytes);
  }
  const file = openSync(path, 'w');
  const write = (bytes: Uint8Array) => {
    const padding = new Uint8Array(aligned(bytes.length) - bytes.length);
    writeSync(file, bytes);
    writeSync(file, padding);
  };
  write(header.joined());
  for (const tensor of tensors) {
    const bytes = tensor.make();
    if (bytes.length !== tensor.sizeBytes) throw new Error(`${tensor.name} has another size`);
    write(bytes);
  }
  closeSync(file);
}
