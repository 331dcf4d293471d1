// Puts a shard's bytes where they belong in the model's memory. What lies in the heap is written
// there as it arrives and read back for verification; what lies in buffers of a GPU is kept here
// until the whole shard is verified.

// A part of the shard that lies in the heap.
export interface HeapSpan {
  offset: number;
  sizeBytes: number;
  pointer: number;
}

// A part of the shard that lies in a buffer of the GPU.
export interface BufferSpan {
  offset: number;
  sizeBytes: number;
  buffer: number;
  bufferOffsetBytes: number;
}

// A part of the shard that the core rearranges on its way to the GPU.
export interface TensorSpan {
  offset: number;
  sizeBytes: number;
  tensor: number;
  tensorOffsetBytes: number;
}

export type GpuSpan = BufferSpan | TensorSpan;
export type Span = HeapSpan | GpuSpan;

// The memory of the model that is loaded.
export interface ShardMemory {
  // Read anew for every use: memory may be replaced when it grows.
  heap(): Uint8Array;
  // The bytes may be changed as soon as it returns.
  writeGpu(span: GpuSpan, bytes: Uint8Array<ArrayBuffer>): void;
}

// Bytes that are in no span of the heap, but belong to the shard's hash and perhaps to a buffer.
interface Gap {
  offset: number;
  bytes: Uint8Array;
}

export class ShardPlacement {
  readonly #heapSpans: readonly HeapSpan[];
  readonly #gpuSpans: readonly GpuSpan[];
  readonly #gaps: Gap[];
  readonly #sizeBytes: number;
  readonly #memory: ShardMemory;

  // REQUIRES: every span lies inside the shard. Spans may overlap (tensors that share bytes).
  constructor(spans: readonly Span[], sizeBytes: number, memory: ShardMemory) {
    this.#heapSpans = spans.filter((span) => 'pointer' in span);
    this.#gpuSpans = spans.filter((span) => 'buffer' in span || 'tensor' in span);
    this.#sizeBytes = sizeBytes;
    this.#gaps = findGaps(this.#heapSpans, sizeBytes);
    this.#memory = memory;
  }

  // Bytes of the shard that are held outside of the heap.
  get gapBytes(): number {
    return this.#gaps.reduce((sum, gap) => sum + gap.bytes.length, 0);
  }

  // REQUIRES: offset + chunk.length <= sizeBytes.
  write(offset: number, chunk: Uint8Array): void {
    const heap = this.#memory.heap();
    for (const span of this.#heapSpans) {
      const part = intersect(offset, chunk, span.offset, span.sizeBytes);
      if (part) heap.set(part.bytes, span.pointer + part.start - span.offset);
    }
    for (const gap of this.#gaps) {
      const part = intersect(offset, chunk, gap.offset, gap.bytes.length);
      if (part) gap.bytes.set(part.bytes, part.start - gap.offset);
    }
  }

  // Copies the whole shard into `target`. REQUIRES: target.length === sizeBytes.
  read(target: Uint8Array): void {
    if (target.length !== this.#sizeBytes) throw new RangeError('target has another size');
    const heap = this.#memory.heap();
    for (const { offset, sizeBytes, pointer } of this.#heapSpans) {
      target.set(heap.subarray(pointer, pointer + sizeBytes), offset);
    }
    for (const { offset, bytes } of this.#gaps) target.set(bytes, offset);
  }

  // Gives the verified shard's bytes to the GPU they belong to.
  // REQUIRES: `shard` is what read() gave.
  writeGpu(shard: Uint8Array<ArrayBuffer>): void {
    for (const span of this.#gpuSpans) {
      const { offset, sizeBytes } = span;
      this.#memory.writeGpu(span, shard.subarray(offset, offset + sizeBytes));
    }
  }
}

function findGaps(spans: readonly HeapSpan[], sizeBytes: number): Gap[] {
  const gaps: Gap[] = [];
  let end = 0;
  for (const span of [...spans].sort((a, b) => a.offset - b.offset)) {
    if (span.offset > end) gaps.push({ offset: end, bytes: new Uint8Array(span.offset - end) });
    end = Math.max(end, span.offset + span.sizeBytes);
  }
  if (end < sizeBytes) gaps.push({ offset: end, bytes: new Uint8Array(sizeBytes - end) });
  return gaps;
}

// The part of `chunk`, which begins at `offset` of the shard, that lies in [rangeStart, rangeStart
// + rangeSize).
function intersect(
  offset: number,
  chunk: Uint8Array,
  rangeStart: number,
  rangeSize: number,
): { start: number; bytes: Uint8Array } | null {
  const start = Math.max(offset, rangeStart);
  const end = Math.min(offset + chunk.length, rangeStart + rangeSize);
  return start < end ? { start, bytes: chunk.subarray(start - offset, end - offset) } : null;
}
