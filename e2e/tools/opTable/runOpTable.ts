/** Runs an op table on a WebGPU device, in a tab's worker or in Node with Dawn. */
import { kBufferUsage, kMapModeRead } from '../../../web/src/gpu/usage.ts';
import { PassClock } from './passClock.ts';
import type {
  CaseEntry,
  CaseOutcome,
  DispatchEntry,
  OpTableFile,
  PipelineEntry,
  ResultEntry,
} from './opTableFile.ts';

/** `bytes`: products of bytes beside f32; `all`: what a device that has everything runs. */
export const featureSets = ['f32', 'f16', 'subgroups', 'bytes', 'all'] as const;
export type FeatureSet = (typeof featureSets)[number];

const requiredFeatures: Record<FeatureSet, GPUFeatureName[]> = {
  f32: [],
  f16: ['shader-f16'],
  subgroups: ['subgroups'],
  bytes: [],
  all: ['shader-f16', 'subgroups'],
};

/** Null where the adapter lacks a feature. */
export async function requestOpDevice(
  gpu: GPU,
  features: FeatureSet,
  limits: Record<string, number> = {},
): Promise<GPUDevice | null> {
  const adapter = await gpu.requestAdapter();
  if (!adapter) throw new Error('no WebGPU adapter');
  const required = requiredFeatures[features];
  if (!required.every((feature) => adapter.features.has(feature))) return null;
  const clock: GPUFeatureName[] = adapter.features.has('timestamp-query')
    ? ['timestamp-query']
    : [];
  return adapter.requestDevice({
    requiredFeatures: [...required, ...clock],
    requiredLimits: limits,
  });
}

function decodeBase64(text: string): Uint8Array {
  const binary = atob(text);
  return Uint8Array.from(binary, (character) => character.charCodeAt(0));
}

export async function createPipeline(device: GPUDevice, entry: PipelineEntry) {
  device.pushErrorScope('validation');
  const module = device.createShaderModule({ label: entry.label, code: entry.code });
  const { messages } = await module.getCompilationInfo();
  const errors = messages.filter(({ type }) => type === 'error');
  const text = errors.map((found) => `${found.lineNum}: ${found.message}`).join('\n');
  if (errors.length > 0) {
    await device.popErrorScope();
    throw new Error(`${entry.label}: ${text}`);
  }
  const pipeline = await device.createComputePipelineAsync({
    label: entry.label,
    layout: 'auto',
    compute: { module, entryPoint: 'main', constants: entry.constants },
  });
  const invalid = await device.popErrorScope();
  if (invalid) throw new Error(`${entry.label}: ${invalid.message}`);
  return pipeline;
}

function halfToNumber(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  return sign * (1024 + fraction) * 2 ** (exponent - 25);
}

function readNumbers(type: ResultEntry['type'], bytes: ArrayBuffer, count: number): number[] {
  if (type === 'f32') return [...new Float32Array(bytes, 0, count)];
  if (type === 'i32') return [...new Int32Array(bytes, 0, count)];
  return [...new Uint16Array(bytes, 0, count)].map(halfToNumber);
}

function errorAsAWhole({ expected }: ResultEntry, numbers: number[]): number {
  const sumOf = (terms: number[]) => terms.reduce((sum, term) => sum + term * term, 0);
  const errors = expected.map((value, index) => (numbers[index] ?? NaN) - value);
  const error = Math.sqrt(sumOf(errors) / sumOf(expected));
  return Number.isNaN(error) ? Infinity : error;
}

/** The largest error, or that of all; a number that is none counts as infinitely wrong. */
function errorOf(result: ResultEntry, numbers: number[]): number {
  if (result.judged === 'as a whole') return errorAsAWhole(result, numbers);
  let worst = 0;
  result.expected.forEach((expected, index) => {
    const number = numbers[index] ?? NaN;
    const error = Math.abs(number - expected) / Math.max(result.scale, Math.abs(expected));
    worst = Math.max(worst, Number.isNaN(error) ? Infinity : error);
  });
  return worst;
}

interface Step {
  pipeline: GPUComputePipeline;
  group: GPUBindGroup;
  workgroups: [number, number, number];
}

/** How often a timed pass runs a case, and how many passes wait in the queue while warming up. */
const kRunsPerPass = 4;
const kRunsAhead = 8;

export class OpTableRun {
  readonly #pipelines = new Map<number, Promise<GPUComputePipeline>>();

  readonly device: GPUDevice;
  readonly table: OpTableFile;

  constructor(device: GPUDevice, table: OpTableFile) {
    this.device = device;
    this.table = table;
  }

  async runCase(one: CaseEntry): Promise<CaseOutcome> {
    const outcome = { op: one.op, name: one.name, dispatches: one.dispatches.length };
    try {
      const judged = await this.#judge(one);
      return { ...outcome, ...judged };
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      return { ...outcome, error: Infinity, tolerance: 0, passed: false, message };
    }
  }

  /**
   * Seconds of one run of the case's dispatches by the GPU's own clock, of several that are
   * submitted without a pause: an idle GPU lowers its clock rate.
   * REQUIRES: the device has timestamp-query.
   */
  async timeCase(one: CaseEntry, repetitions: number, warmUpMs: number): Promise<number[]> {
    const buffers = new Map<number, GPUBuffer>();
    for (const entry of one.buffers) buffers.set(entry.id, this.#createBuffer(entry));
    const steps = await this.#steps(one, buffers);
    const until = performance.now() + warmUpMs;
    do {
      for (let run = 0; run < kRunsAhead; run++) this.#submit(steps, kRunsPerPass);
      await this.device.queue.onSubmittedWorkDone();
    } while (performance.now() < until);
    const clock = new PassClock(this.device, repetitions);
    for (let run = 0; run < repetitions; run++) {
      this.#submit(steps, kRunsPerPass, clock.timestampsFor(run));
    }
    const seconds = await clock.seconds();
    for (const buffer of buffers.values()) buffer.destroy();
    return seconds.map((time) => time / kRunsPerPass);
  }

  async #judge(one: CaseEntry): Promise<{ error: number; tolerance: number; passed: boolean }> {
    const { device } = this;
    device.pushErrorScope('validation');
    const buffers = new Map<number, GPUBuffer>();
    for (const entry of one.buffers) buffers.set(entry.id, this.#createBuffer(entry));
    await this.#run(one, buffers);
    let worst = { error: 0, tolerance: 0, passed: true };
    for (const result of one.results) {
      const numbers = await this.#read(buffers, result);
      const error = errorOf(result, numbers);
      const passed = error <= result.tolerance;
      if (error >= worst.error || !passed)
        worst = { error, tolerance: result.tolerance, passed: passed && worst.passed };
    }
    for (const buffer of buffers.values()) buffer.destroy();
    const invalid = await device.popErrorScope();
    if (invalid) throw new Error(invalid.message);
    return worst;
  }

  #createBuffer({ size_bytes, runs }: CaseEntry['buffers'][number]): GPUBuffer {
    const usage = kBufferUsage.storage | kBufferUsage.copyDestination | kBufferUsage.copySource;
    const buffer = this.device.createBuffer({ size: Math.max(16, size_bytes), usage });
    for (const [offset, bytes] of runs)
      this.device.queue.writeBuffer(buffer, offset, decodeBase64(bytes));
    return buffer;
  }

  #pipeline(index: number): Promise<GPUComputePipeline> {
    let pipeline = this.#pipelines.get(index);
    const entry = this.table.pipelines[index];
    if (!entry) throw new Error(`no pipeline ${index}`);
    pipeline ??= createPipeline(this.device, entry);
    this.#pipelines.set(index, pipeline);
    return pipeline;
  }

  async #run(one: CaseEntry, buffers: ReadonlyMap<number, GPUBuffer>): Promise<void> {
    this.#submit(await this.#steps(one, buffers), 1);
  }

  async #steps(one: CaseEntry, buffers: ReadonlyMap<number, GPUBuffer>): Promise<Step[]> {
    const steps: Step[] = [];
    for (const dispatch of one.dispatches) {
      const pipeline = await this.#pipeline(dispatch.pipeline);
      const group = this.#bindGroup(dispatch, pipeline, buffers);
      steps.push({ pipeline, group, workgroups: dispatch.workgroups });
    }
    return steps;
  }

  #submit(steps: Step[], times: number, timestampWrites?: GPUComputePassTimestampWrites): void {
    const encoder = this.device.createCommandEncoder();
    const pass = encoder.beginComputePass(timestampWrites ? { timestampWrites } : {});
    for (let time = 0; time < times; time++) {
      for (const { pipeline, group, workgroups } of steps) {
        pass.setPipeline(pipeline);
        pass.setBindGroup(0, group);
        pass.dispatchWorkgroups(...workgroups);
      }
    }
    pass.end();
    this.device.queue.submit([encoder.finish()]);
  }

  #bindGroup(
    dispatch: DispatchEntry,
    pipeline: GPUComputePipeline,
    buffers: ReadonlyMap<number, GPUBuffer>,
  ): GPUBindGroup {
    const words = new Uint32Array(dispatch.parameters);
    const uniform = this.device.createBuffer({
      size: Math.ceil(words.byteLength / 16) * 16,
      usage: kBufferUsage.uniform | kBufferUsage.copyDestination,
    });
    this.device.queue.writeBuffer(uniform, 0, words);
    const entries: GPUBindGroupEntry[] = [{ binding: 0, resource: { buffer: uniform } }];
    dispatch.bindings.forEach(([id, offset, size], index) => {
      const buffer = buffers.get(id);
      if (!buffer) throw new Error(`no buffer ${id}`);
      entries.push({ binding: index + 1, resource: { buffer, offset, size } });
    });
    return this.device.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries });
  }

  async #read(buffers: ReadonlyMap<number, GPUBuffer>, result: ResultEntry): Promise<number[]> {
    const source = buffers.get(result.buffer);
    if (!source) throw new Error(`no buffer ${result.buffer}`);
    const elementSize = result.type === 'f16' ? 2 : 4;
    const size = Math.ceil((result.expected.length * elementSize) / 4) * 4;
    const usage = kBufferUsage.mapRead | kBufferUsage.copyDestination;
    const staging = this.device.createBuffer({ size, usage });
    const encoder = this.device.createCommandEncoder();
    encoder.copyBufferToBuffer(source, result.offset_bytes, staging, 0, size);
    this.device.queue.submit([encoder.finish()]);
    await staging.mapAsync(kMapModeRead);
    const numbers = readNumbers(result.type, staging.getMappedRange(), result.expected.length);
    staging.destroy();
    return numbers;
  }
}
