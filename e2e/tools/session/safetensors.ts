/** Reads reference.safetensors: inputs `in.*` and expected outputs `out.*`. */

export interface ReferenceTensor {
  shape: number[];
  values: Float32Array | Int32Array;
}

interface HeaderEntry {
  dtype: string;
  shape: number[];
  data_offsets: [number, number];
}

const headerSizeBytes = 8;

function readValues(entry: HeaderEntry, bytes: ArrayBuffer): Float32Array | Int32Array {
  if (entry.dtype === 'F32') return new Float32Array(bytes);
  if (entry.dtype === 'I32') return new Int32Array(bytes);
  if (entry.dtype === 'I64') return Int32Array.from(new BigInt64Array(bytes), Number);
  throw new Error(`reference.safetensors: cannot read type ${entry.dtype}`);
}

export function readSafetensors(file: ArrayBuffer): Map<string, ReferenceTensor> {
  const headerSize = Number(new DataView(file).getBigUint64(0, true));
  const start = headerSizeBytes + headerSize;
  const text = new TextDecoder().decode(file.slice(headerSizeBytes, start));
  const header = JSON.parse(text) as Record<string, HeaderEntry>;
  const tensors = new Map<string, ReferenceTensor>();
  for (const [name, entry] of Object.entries(header)) {
    if (name === '__metadata__') continue;
    const [from, to] = entry.data_offsets;
    const values = readValues(entry, file.slice(start + from, start + to));
    tensors.set(name, { shape: entry.shape, values });
  }
  return tensors;
}
