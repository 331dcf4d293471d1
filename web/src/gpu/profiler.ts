// Time per kernel, by timestamp queries around every dispatch: for finding out, not for answering
// (a pass of its own for each dispatch costs time itself).
import { kBufferUsage, kMapModeRead } from './usage.ts';

export interface KernelTime {
  label: string;
  dispatches: number;
  totalUs: number;
}

// A query set's largest size.
const kQueriesMax = 4096;
const kBytesPerQuery = 8;

interface Batch {
  queries: GPUQuerySet;
  labels: string[];
}

export class Profiler {
  // Whether dispatches are timed at the moment.
  isOn = true;
  readonly #device: GPUDevice;
  readonly #times = new Map<string, KernelTime>();
  readonly #pending = new Set<Promise<void>>();
  #batch: Batch | null = null;

  // REQUIRES: the device has timestamp-query.
  constructor(device: GPUDevice) {
    this.#device = device;
  }

  // False where the next dispatch must go to another submit.
  get hasRoom(): boolean {
    return (this.#batch?.labels.length ?? 0) * 2 < kQueriesMax;
  }

  // REQUIRES: hasRoom.
  timestampsFor(label: string): GPUComputePassTimestampWrites {
    this.#batch ??= {
      queries: this.#device.createQuerySet({ type: 'timestamp', count: kQueriesMax }),
      labels: [],
    };
    const begin = this.#batch.labels.length * 2;
    this.#batch.labels.push(label);
    return {
      querySet: this.#batch.queries,
      beginningOfPassWriteIndex: begin,
      endOfPassWriteIndex: begin + 1,
    };
  }

  // Encodes the end of the batch; the function given back is to be called once that is submitted.
  finishBatch(encoder: GPUCommandEncoder): () => void {
    const batch = this.#batch;
    if (!batch) return () => undefined;
    this.#batch = null;
    const count = batch.labels.length * 2;
    const size = count * kBytesPerQuery;
    const resolved = this.#device.createBuffer({
      size,
      usage: kBufferUsage.queryResolve | kBufferUsage.copySource,
    });
    const staging = this.#device.createBuffer({
      size,
      usage: kBufferUsage.mapRead | kBufferUsage.copyDestination,
    });
    encoder.resolveQuerySet(batch.queries, 0, count, resolved, 0);
    encoder.copyBufferToBuffer(resolved, 0, staging, 0, size);
    return () => {
      const reading = this.#read(batch, resolved, staging).finally(() =>
        this.#pending.delete(reading),
      );
      this.#pending.add(reading);
    };
  }

  // The times so far, longest first, and forgets them.
  async take(): Promise<KernelTime[]> {
    await Promise.allSettled([...this.#pending]);
    const times = [...this.#times.values()].sort((a, b) => b.totalUs - a.totalUs);
    this.#times.clear();
    return times;
  }

  async #read({ queries, labels }: Batch, resolved: GPUBuffer, staging: GPUBuffer): Promise<void> {
    await staging.mapAsync(kMapModeRead);
    const stamps = new BigUint64Array(staging.getMappedRange().slice(0));
    for (const [index, label] of labels.entries()) {
      const begin = stamps[index * 2] ?? 0n;
      const end = stamps[index * 2 + 1] ?? 0n;
      // Clocks of some adapters jump.
      const ns = end > begin ? Number(end - begin) : 0;
      const time = this.#times.get(label) ?? { label, dispatches: 0, totalUs: 0 };
      time.dispatches += 1;
      time.totalUs += ns / 1000;
      this.#times.set(label, time);
    }
    staging.destroy();
    resolved.destroy();
    queries.destroy();
  }
}
