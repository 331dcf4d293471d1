// Bytes on their way from the GPU: copied to a staging buffer in the queue's order, mapped when
// they are there. Staging buffers go round.
import { kBufferUsage, kMapModeRead } from './usage.ts';

// A sampled token is a few bytes, logits of a prompt are megabytes: sizes are rounded up to powers
// of two, so that one buffer serves many reads.
const kSizeBytesMin = 256;
// More wait for nothing: what is read often is read one at a time or two.
const kFreeBuffersMax = 8;

export interface Read {
  staging: GPUBuffer;
  sizeBytes: number;
  onBytes: (bytes: Uint8Array<ArrayBuffer>) => void;
}

export class ReadRing {
  readonly #device: GPUDevice;
  readonly #free: GPUBuffer[] = [];

  constructor(device: GPUDevice) {
    this.#device = device;
  }

  // Encodes the copy. REQUIRES: arrive() is called after the encoder's commands were submitted.
  begin(
    encoder: GPUCommandEncoder,
    source: GPUBuffer,
    offsetBytes: number,
    sizeBytes: number,
    onBytes: Read['onBytes'],
  ): Read {
    const staging = this.#take(sizeBytes);
    encoder.copyBufferToBuffer(source, offsetBytes, staging, 0, sizeBytes);
    return { staging, sizeBytes, onBytes };
  }

  // Rejects if the bytes never come: the device is lost.
  async arrive({ staging, sizeBytes, onBytes }: Read): Promise<void> {
    await staging.mapAsync(kMapModeRead, 0, sizeBytes);
    const bytes = new Uint8Array(staging.getMappedRange(0, sizeBytes).slice(0));
    staging.unmap();
    if (this.#free.length < kFreeBuffersMax) this.#free.push(staging);
    else staging.destroy();
    onBytes(bytes);
  }

  dispose(): void {
    for (const staging of this.#free.splice(0)) staging.destroy();
  }

  #take(sizeBytes: number): GPUBuffer {
    const size = Math.max(kSizeBytesMin, 2 ** Math.ceil(Math.log2(sizeBytes)));
    const index = this.#free.findIndex((staging) => staging.size === size);
    const [found] = index < 0 ? [] : this.#free.splice(index, 1);
    const usage = kBufferUsage.mapRead | kBufferUsage.copyDestination;
    return found ?? this.#device.createBuffer({ label: 'staging', size, usage });
  }
}
