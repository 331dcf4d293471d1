/** Times compute passes by the GPU's own clock. */
import { kBufferUsage, kMapModeRead } from '../../../web/src/gpu/usage.ts';

const kBytesPerPass = 16;

export class PassClock {
  readonly #device: GPUDevice;
  readonly #queries: GPUQuerySet;
  readonly #passes: number;

  /** REQUIRES: the device has timestamp-query. */
  constructor(device: GPUDevice, passes: number) {
    this.#device = device;
    this.#passes = passes;
    this.#queries = device.createQuerySet({ type: 'timestamp', count: 2 * passes });
  }

  /** REQUIRES: 0 <= pass < passes. */
  timestampsFor(pass: number): GPUComputePassTimestampWrites {
    return {
      querySet: this.#queries,
      beginningOfPassWriteIndex: 2 * pass,
      endOfPassWriteIndex: 2 * pass + 1,
    };
  }

  /** Of every pass, once all were submitted. */
  async seconds(): Promise<number[]> {
    const size = this.#passes * kBytesPerPass;
    const resolved = this.#device.createBuffer({
      size,
      usage: kBufferUsage.queryResolve | kBufferUsage.copySource,
    });
    const staging = this.#device.createBuffer({
      size,
      usage: kBufferUsage.mapRead | kBufferUsage.copyDestination,
    });
    const encoder = this.#device.createCommandEncoder();
    encoder.resolveQuerySet(this.#queries, 0, 2 * this.#passes, resolved, 0);
    encoder.copyBufferToBuffer(resolved, 0, staging, 0, size);
    this.#device.queue.submit([encoder.finish()]);
    await staging.mapAsync(kMapModeRead);
    const stamps = new BigUint64Array(staging.getMappedRange().slice(0));
    for (const buffer of [resolved, staging]) buffer.destroy();
    this.#queries.destroy();
    return Array.from({ length: this.#passes }, (_, pass) => {
      const begin = stamps[2 * pass] ?? 0n;
      const end = stamps[2 * pass + 1] ?? 0n;
      return Number(end - begin) / 1e9;
    });
  }
}
