// Replays the core's commands on a GPUDevice, in order, and hands back what they read. It knows no
// kernel and decides nothing.
import { TesseraError } from '../tesseraError.ts';
import { BufferTable } from './bufferTable.ts';
import { decodeCommands, type GpuCommand } from './commands.ts';
import { DispatchLists } from './dispatchLists.ts';
import { gpuFailed } from './errors.ts';
import { PipelineTable } from './pipelineTable.ts';
import type { Profiler } from './profiler.ts';
import { ReadRing, type Read } from './readRing.ts';

export interface ExecutorOptions {
  device: GPUDevice;
  // Resolves when the device is lost.
  lost: Promise<TesseraError>;
  onRead: (ticket: number, bytes: Uint8Array<ArrayBuffer>) => void;
  // Told once; from then on nothing is executed.
  onFailure: (error: TesseraError) => void;
  profiler?: Profiler | undefined;
  // Puts error scopes around everything that is executed, so that an error is told with what caused
  // it: tests do.
  usesErrorScopes?: boolean | undefined;
}

const scopes = ['validation', 'out-of-memory', 'internal'] as const;

export class CommandExecutor {
  readonly #options: ExecutorOptions;
  readonly #device: GPUDevice;
  readonly #buffers: BufferTable;
  readonly #pipelines: PipelineTable;
  readonly #lists: DispatchLists;
  readonly #reads: ReadRing;
  readonly #backlog: GpuCommand[] = [];
  // Set while the next command waits for pipelines.
  #waiting: Promise<void> | null = null;
  #encoder: GPUCommandEncoder | null = null;
  #pass: GPUComputePassEncoder | null = null;
  // To be done once the encoder's commands are submitted.
  #afterSubmit: (() => void)[] = [];
  #failure: TesseraError | null = null;
  #dispatches = 0;
  #isDisposed = false;

  constructor(options: ExecutorOptions) {
    const { device } = options;
    const fail = (error: TesseraError) => this.#fail(error);
    this.#options = options;
    this.#device = device;
    this.#buffers = new BufferTable(device, fail);
    this.#pipelines = new PipelineTable(device, fail);
    this.#lists = new DispatchLists(device, this.#buffers, this.#pipelines);
    this.#reads = new ReadRing(device);
    device.addEventListener('uncapturederror', this.#onUncaptured);
    void options.lost.then(fail);
  }

  get failure(): TesseraError | null {
    return this.#failure;
  }

  // Of all buffers that the core has asked for.
  get bufferBytes(): number {
    return this.#buffers.sizeBytes;
  }

  // How many dispatches were run so far.
  get dispatchCount(): number {
    return this.#dispatches;
  }

  // Takes the words over. What cannot be done at once, because pipelines are still being compiled,
  // is done later, in order.
  execute(words: Uint32Array<ArrayBuffer>): void {
    if (this.#failure || words.length === 0) return;
    this.#guard(() => {
      this.#backlog.push(...decodeCommands(words));
      this.#drain();
    });
  }

  // Writes bytes that the core never saw. They may change as soon as this returns.
  // REQUIRES: offsetBytes and the size are multiples of 4.
  writeBuffer(buffer: number, offsetBytes: number, bytes: Uint8Array<ArrayBuffer>): void {
    if (this.#failure) return;
    this.#guard(() => {
      const kept = this.#backlog.length > 0 ? bytes.slice() : bytes;
      this.#backlog.push({ type: 'write_buffer', buffer, offsetBytes, bytes: kept });
      this.#drain();
    });
  }

  // Resolves when everything so far is submitted and every buffer is known to be there, to its
  // error otherwise.
  async settled(): Promise<void> {
    while (this.#waiting) await this.#waiting;
    await this.#buffers.checked();
    if (this.#failure) throw this.#failure;
  }

  // Resolves when no pipeline is being compiled. Errors: "shader_compilation_failed" and others.
  async compiled(): Promise<void> {
    await this.#pipelines.allCompiled();
    if (this.#failure) throw this.#failure;
  }

  // Resolves when everything submitted so far is done.
  async idle(): Promise<void> {
    await this.settled();
    await this.#device.queue.onSubmittedWorkDone();
  }

  // Frees the buffers; the device stays.
  dispose(): void {
    this.#isDisposed = true;
    this.#failure ??= TesseraError.cancelled();
    this.#backlog.length = 0;
    this.#device.removeEventListener('uncapturederror', this.#onUncaptured);
    this.#buffers.destroyAll();
    this.#reads.dispose();
  }

  readonly #onUncaptured = (event: GPUUncapturedErrorEvent) => {
    this.#fail(gpuFailed(event.error.message));
  };

  #fail(error: TesseraError): void {
    if (this.#failure) return;
    this.#failure = error;
    this.#backlog.length = 0;
    if (!this.#isDisposed) this.#options.onFailure(error);
  }

  #guard(work: () => void): void {
    if (this.#options.usesErrorScopes)
      for (const scope of scopes) this.#device.pushErrorScope(scope);
    try {
      work();
    } catch (thrown) {
      this.#fail(thrown instanceof TesseraError ? thrown : gpuFailed(String(thrown)));
    }
    if (!this.#options.usesErrorScopes) return;
    for (const _scope of scopes) {
      this.#device.popErrorScope().then(
        (error) => {
          if (error) this.#fail(gpuFailed(error.message));
        },
        () => undefined,
      );
    }
  }

  #drain(): void {
    if (this.#waiting) return;
    let done = 0;
    for (const command of this.#backlog) {
      const compiling = command.type === 'run_list' ? this.#lists.compiling(command.list) : null;
      if (compiling) {
        this.#goOnAfter(compiling);
        break;
      }
      this.#run(command);
      done += 1;
    }
    this.#backlog.splice(0, done);
    this.#submit();
  }

  #goOnAfter(compiling: Promise<void>): void {
    this.#waiting = compiling.then(() => {
      this.#waiting = null;
      if (!this.#failure) this.#guard(() => this.#drain());
    });
  }

  #run(command: GpuCommand): void {
    switch (command.type) {
      case 'create_buffer':
        this.#buffers.create(command.buffer, command.sizeBytes, command.kind);
        return;
      case 'resize_buffer':
        this.#resize(command.buffer, command.sizeBytes);
        return;
      case 'destroy_buffer':
        this.#submit();
        this.#buffers.destroy(command.buffer);
        return;
      case 'write_buffer':
        // A write takes effect before whatever is submitted after it.
        this.#submit();
        this.#device.queue.writeBuffer(
          this.#buffers.get(command.buffer),
          command.offsetBytes,
          command.bytes,
        );
        return;
      case 'create_pipeline':
        this.#pipelines.create(command.pipeline, command.description);
        return;
      case 'define_list':
        this.#lists.define(command.list, command.uniformBuffer, command.dispatches);
        return;
      case 'run_list':
        this.#runList(command.list);
        return;
      case 'release_list':
        this.#lists.release(command.list);
        return;
      case 'read_buffer':
        this.#read(command);
        return;
      default:
        command satisfies never;
    }
  }

  #resize(number: number, sizeBytes: number): void {
    const { old, kept, made } = this.#buffers.replace(number, sizeBytes);
    this.#lists.bufferReplaced(number);
    if (kept > 0) this.#encode().copyBufferToBuffer(old, 0, made, 0, kept);
    this.#afterSubmit.push(() => old.destroy());
  }

  #runList(number: number): void {
    const profiler = this.#options.profiler?.isOn ? this.#options.profiler : null;
    for (const { pipeline, bindGroup, workgroups } of this.#lists.bind(number)) {
      if (profiler && !profiler.hasRoom) this.#submit();
      const pass = profiler
        ? this.#encode().beginComputePass({
            timestampWrites: profiler.timestampsFor(pipeline.label),
          })
        : this.#compute();
      pass.setPipeline(pipeline.pipeline);
      pass.setBindGroup(0, bindGroup);
      pass.dispatchWorkgroups(...workgroups);
      if (profiler) pass.end();
      this.#dispatches += 1;
    }
  }

  #read(command: Extract<GpuCommand, { type: 'read_buffer' }>): void {
    const { ticket, buffer, offsetBytes, sizeBytes } = command;
    const source = this.#buffers.get(buffer);
    const onBytes: Read['onBytes'] = (bytes) => {
      if (!this.#failure) this.#options.onRead(ticket, bytes);
    };
    const read = this.#reads.begin(this.#encode(), source, offsetBytes, sizeBytes, onBytes);
    this.#afterSubmit.push(() => {
      // The loss of the device, which is why a read fails, is told by itself; it may come later.
      this.#reads.arrive(read).catch((thrown: unknown) => {
        if (thrown instanceof TesseraError) this.#fail(thrown);
      });
    });
  }

  // The encoder, with no pass open.
  #encode(): GPUCommandEncoder {
    this.#pass?.end();
    this.#pass = null;
    this.#encoder ??= this.#device.createCommandEncoder();
    return this.#encoder;
  }

  #compute(): GPUComputePassEncoder {
    this.#pass ??= this.#encode().beginComputePass();
    return this.#pass;
  }

  #submit(): void {
    if (!this.#encoder) return;
    const encoder = this.#encode();
    const { profiler } = this.#options;
    if (profiler) this.#afterSubmit.push(profiler.finishBatch(encoder));
    this.#encoder = null;
    this.#device.queue.submit([encoder.finish()]);
    for (const action of this.#afterSubmit.splice(0)) action();
  }
}
