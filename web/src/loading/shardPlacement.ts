// Puts a shard's bytes, as they arrive, where they belong in the model's memory, and reads them
// back for verification.

// Where a part of the shard lies in the heap.
export interface Span {
  offset: number;
  sizeBytes: number;
  pointer: number;
}

// Bytes between spans (alignment) belong to no tensor, but to the shard's hash: they are kept here.
interface Gap {
  offset: number;
  bytes: Uint8Array;
}

export class ShardPlacement {
  readonly #spans: readonly Span[];
  readonly #gaps: Gap[];
  readonly #sizeBytes: number;
  // Read anew for every use: memory may be replaced when it grows.
  readonly #heap: () => Uint8Array;

  // REQUIRES: every span lies inside the shard. Spans may overlap (tensors that share bytes).
  constructor(spans: readonly Span[], sizeBytes: number, heap: () => Uint8Array) {
    this.#spans = spans;
    this.#sizeBytes = sizeBytes;
    this.#gaps = findGaps(spans, sizeBytes);
    this.#heap = heap;
  }

  // Bytes of the shard that are held outside of the heap.
  get gapBytes(): number {
    return this.#gaps.reduce((sum, gap) => sum + gap.bytes.length, 0);
  }

  // REQUIRES: offset + chunk.length <= sizeBytes.
  write(offset: number, chunk: Uint8Array): void {
    const heap = this.#heap();
    for (const span of this.#spans) {
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
    const heap = this.#heap();
    for (const { offset, sizeBytes, pointer } of this.#spans) {
      target.set(heap.subarray(pointer, pointer + sizeBytes), offset);
    }
    for (const { offset, bytes } of this.#gaps) target.set(bytes, offset);
  }
}

function findGaps(spans: readonly Span[], sizeBytes: number): Gap[] {
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
