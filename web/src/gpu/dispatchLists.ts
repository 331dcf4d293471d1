// Lists of dispatches by number, with their bind groups kept from one run to the next.
import { TesseraError } from '../tesseraError.ts';
import type { BufferTable } from './bufferTable.ts';
import type { BindingRange, DispatchDescription } from './commands.ts';
import type { CompiledPipeline, PipelineTable } from './pipelineTable.ts';

export interface BoundDispatch {
  pipeline: CompiledPipeline;
  bindGroup: GPUBindGroup;
  workgroups: readonly [number, number, number];
}

interface DispatchList {
  uniformBuffer: number;
  dispatches: readonly DispatchDescription[];
  buffers: ReadonlySet<number>;
  pipelines: ReadonlySet<number>;
  // Null until the first run, and after one of the buffers was replaced.
  bound: readonly BoundDispatch[] | null;
}

export class DispatchLists {
  readonly #device: GPUDevice;
  readonly #buffers: BufferTable;
  readonly #pipelines: PipelineTable;
  readonly #lists = new Map<number, DispatchList>();

  constructor(device: GPUDevice, buffers: BufferTable, pipelines: PipelineTable) {
    this.#device = device;
    this.#buffers = buffers;
    this.#pipelines = pipelines;
  }

  define(number: number, uniformBuffer: number, dispatches: readonly DispatchDescription[]): void {
    const buffers = new Set([uniformBuffer]);
    for (const { bindings } of dispatches) for (const { buffer } of bindings) buffers.add(buffer);
    const pipelines = new Set(dispatches.map(({ pipeline }) => pipeline));
    this.#lists.set(number, { uniformBuffer, dispatches, buffers, pipelines, bound: null });
  }

  release(number: number): void {
    this.#lists.delete(number);
  }

  // Bind groups name buffers, not numbers.
  bufferReplaced(buffer: number): void {
    for (const list of this.#lists.values()) if (list.buffers.has(buffer)) list.bound = null;
  }

  // Null if all its pipelines are compiled, else when they are.
  compiling(number: number): Promise<void> | null {
    const { pipelines, bound } = this.#find(number);
    const isReady =
      bound !== null || [...pipelines].every((pipeline) => this.#pipelines.find(pipeline) !== null);
    return isReady ? null : this.#pipelines.compiled(pipelines);
  }

  // REQUIRES: compiling(number) is null.
  bind(number: number): readonly BoundDispatch[] {
    const list = this.#find(number);
    list.bound ??= list.dispatches.map((dispatch) => this.#bindDispatch(list, dispatch));
    return list.bound;
  }

  #bindDispatch({ uniformBuffer }: DispatchList, dispatch: DispatchDescription): BoundDispatch {
    const pipeline = this.#pipelines.find(dispatch.pipeline);
    if (!pipeline) throw new TesseraError('internal', 'A GPU pipeline was never compiled.');
    const uniform: BindingRange = {
      buffer: uniformBuffer,
      offsetBytes: dispatch.uniformOffsetBytes,
      sizeBytes: dispatch.uniformSizeBytes,
    };
    const bindGroup = this.#device.createBindGroup({
      label: pipeline.label,
      layout: pipeline.layout,
      entries: [uniform, ...dispatch.bindings].map((range, binding) => ({
        binding,
        resource: {
          buffer: this.#buffers.get(range.buffer),
          offset: range.offsetBytes,
          size: range.sizeBytes,
        },
      })),
    });
    return { pipeline, bindGroup, workgroups: dispatch.workgroups };
  }

  #find(number: number): DispatchList {
    const list = this.#lists.get(number);
    if (!list) throw new TesseraError('internal', `The core names no GPU list ${number}.`);
    return list;
  }
}
