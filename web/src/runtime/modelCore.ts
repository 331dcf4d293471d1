// One model of the Wasm module, on Wasm or on a GPU: the same calls either way.
import type { Backend } from '../capabilities/report.ts';
import type { Logits } from '../engine/engine.ts';
import type { AcquiredDevice } from '../gpu/device.ts';
import type { GpuSpan, Span } from '../loading/shardPlacement.ts';
import { TesseraError } from '../tesseraError.ts';
import { GpuLink, type GpuLinkOptions } from './gpuLink.ts';
import type { ModelMethodName, WasmMethods, WasmModelOptions } from './wasmMethods.ts';
import type { WasmRuntime } from './wasmRuntime.ts';

// Of a union, every member on its own.
type WithoutModel<Parameters> = Parameters extends unknown ? Omit<Parameters, 'model'> : never;

type ModelParameters<Name extends ModelMethodName> = WithoutModel<WasmMethods[Name]['parameters']>;

export interface ModelSetup extends GpuLinkOptions {
  manifest: string;
  options: Omit<WasmModelOptions, 'backend' | 'gpu'>;
  // Null: the model runs on Wasm.
  device: AcquiredDevice | null;
}

// These compute; the others need no device.
const computingMethods: ReadonlySet<ModelMethodName> = new Set([
  'model.finish_shard',
  'generation.start',
  'generation.step',
  'forward',
]);

export class ModelCore {
  readonly contextTokensMax: number;
  readonly backend: Backend;
  readonly #runtime: WasmRuntime;
  readonly #model: number;
  readonly #gpu: GpuLink | null;

  private constructor(
    runtime: WasmRuntime,
    created: WasmMethods['model.create']['result'],
    gpu: GpuLink | null,
  ) {
    this.#runtime = runtime;
    this.#model = created.model;
    this.#gpu = gpu;
    this.contextTokensMax = created.context_tokens_max;
    this.backend = gpu ? 'webgpu' : 'wasm';
  }

  // Reserves the model's memory. Errors: "out_of_memory", "gpu_limits_too_small", the core's.
  static async create(runtime: WasmRuntime, setup: ModelSetup): Promise<ModelCore> {
    const { manifest, options, device, profiler, usesErrorScopes } = setup;
    const backend = device ? { backend: 'webgpu' as const, gpu: device.limits } : {};
    const created = runtime.call('model.create', { manifest, options: { ...options, ...backend } });
    if (!device) return new ModelCore(runtime, created, null);
    const core = new ModelCore(
      runtime,
      created,
      new GpuLink(runtime, created.model, device, { profiler, usesErrorScopes }),
    );
    try {
      core.#gpu?.takeCommands();
      await core.#gpu?.executor.settled();
      return core;
    } catch (thrown) {
      core.release();
      throw thrown;
    }
  }

  // Why the device computes no more; null as long as it does.
  get failure(): TesseraError | null {
    return this.#gpu?.executor.failure ?? null;
  }

  // Of all the model's buffers on the GPU.
  get gpuBytes(): number {
    return this.#gpu?.executor.bufferBytes ?? 0;
  }

  get dispatchCount(): number {
    return this.#gpu?.executor.dispatchCount ?? 0;
  }

  get heap(): Uint8Array {
    return this.#runtime.heap;
  }

  call<Name extends ModelMethodName>(
    method: Name,
    parameters: ModelParameters<Name>,
  ): WasmMethods[Name]['result'] {
    if (this.failure && computingMethods.has(method)) throw this.failure;
    const sent = { ...parameters, model: this.#model } as WasmMethods[Name]['parameters'];
    try {
      return this.#runtime.call(method, sent);
    } finally {
      if (!this.failure) this.#gpu?.takeCommands();
    }
  }

  // Resolves when a step that waits may be tried again.
  arrival(): Promise<void> {
    const nothing = new TesseraError('internal', 'The runtime waits for nothing.');
    return this.#gpu?.arrival() ?? Promise.reject(nothing);
  }

  spansOf(shard: number): Span[] {
    return this.call('model.shard_spans', { shard }).spans.map((span) => {
      const place = { offset: span.offset, sizeBytes: span.size_bytes };
      return 'pointer' in span
        ? { ...place, pointer: span.pointer >>> 0 }
        : 'buffer' in span
          ? { ...place, buffer: span.buffer, bufferOffsetBytes: span.buffer_offset_bytes }
          : { ...place, tensor: span.tensor, tensorOffsetBytes: span.tensor_offset_bytes };
    });
  }

  writeGpu(span: GpuSpan, bytes: Uint8Array<ArrayBuffer>): void {
    this.#gpu?.write(span, bytes);
  }

  // Resolves when the shard's bytes are where they belong.
  async finishShard(shard: number): Promise<void> {
    this.call('model.finish_shard', { shard });
    await this.#gpu?.executor.idle();
  }

  // Resolves when every kernel that is known so far is compiled.
  async compiled(): Promise<void> {
    await this.#gpu?.executor.compiled();
  }

  // Logits of every one of the ids, which follow the first `after` tokens that were run last.
  async forward(ids: number[], after = 0): Promise<Logits> {
    let reply = this.call('forward', { ids, after });
    while ('waiting' in reply) {
      await this.arrival();
      reply = this.call('forward', { resume: true });
    }
    const { rows, columns } = reply;
    const start = reply.pointer >>> 0;
    const bytes = this.heap.slice(start, start + rows * columns * Float32Array.BYTES_PER_ELEMENT);
    return { rows, columns, values: new Float32Array(bytes.buffer) };
  }

  // Gives all memory back. The model cannot be used afterwards.
  release(): void {
    this.#gpu?.executor.dispose();
    try {
      this.#runtime.call('model.release', { model: this.#model });
    } catch {
      // A module that has trapped has nothing to give back.
    }
  }
}
