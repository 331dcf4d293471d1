// Pipelines by number: compiled in the background from the moment they are named.
import type { TesseraError } from '../tesseraError.ts';
import type { PipelineDescription } from './commands.ts';
import { shaderRefused } from './errors.ts';

export interface CompiledPipeline {
  label: string;
  pipeline: GPUComputePipeline;
  layout: GPUBindGroupLayout;
}

interface Entry {
  compiled: CompiledPipeline | null;
  // Never rejects: a failure goes to onFailure.
  done: Promise<void>;
}

export class PipelineTable {
  readonly #device: GPUDevice;
  readonly #onFailure: (error: TesseraError) => void;
  readonly #entries = new Map<number, Entry>();
  // Kernels that differ in their constants alone share a module.
  readonly #modules = new Map<string, GPUShaderModule>();

  constructor(device: GPUDevice, onFailure: (error: TesseraError) => void) {
    this.#device = device;
    this.#onFailure = onFailure;
  }

  get count(): number {
    return this.#entries.size;
  }

  create(number: number, description: PipelineDescription): void {
    const entry: Entry = { compiled: null, done: Promise.resolve() };
    entry.done = this.#compile(description).then(
      (compiled) => {
        entry.compiled = compiled;
      },
      (error: unknown) => this.#onFailure(error as TesseraError),
    );
    this.#entries.set(number, entry);
  }

  // Null while it is being compiled, or if it never will be.
  find(number: number): CompiledPipeline | null {
    return this.#entries.get(number)?.compiled ?? null;
  }

  // Resolves when none of them is being compiled any more.
  async compiled(numbers: Iterable<number>): Promise<void> {
    const entries = [...numbers].flatMap((number) => this.#entries.get(number) ?? []);
    await Promise.all(entries.map(({ done }) => done));
  }

  allCompiled(): Promise<void> {
    return this.compiled(this.#entries.keys());
  }

  async #compile({ label, code, constants }: PipelineDescription): Promise<CompiledPipeline> {
    const module = this.#module(label, code);
    try {
      const pipeline = await this.#device.createComputePipelineAsync({
        label,
        layout: 'auto',
        compute: { module, entryPoint: 'main', constants },
      });
      return { label, pipeline, layout: pipeline.getBindGroupLayout(0) };
    } catch (thrown) {
      const reason = thrown instanceof Error ? thrown.message : String(thrown);
      throw shaderRefused(label, (await compilationErrors(module)) || reason);
    }
  }

  #module(label: string, code: string): GPUShaderModule {
    const known = this.#modules.get(code);
    if (known) return known;
    // A module's fault is told with the pipeline that needs it.
    this.#device.pushErrorScope('validation');
    const module = this.#device.createShaderModule({ label, code });
    this.#device.popErrorScope().catch(() => undefined);
    this.#modules.set(code, module);
    return module;
  }
}

async function compilationErrors(module: GPUShaderModule): Promise<string> {
  try {
    const { messages } = await module.getCompilationInfo();
    return messages
      .filter(({ type }) => type === 'error')
      .map(({ lineNum, message }) => `line ${lineNum}: ${message}`)
      .join('; ');
  } catch {
    return '';
  }
}
