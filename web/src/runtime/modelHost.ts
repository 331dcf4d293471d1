// The model of a tab, whatever becomes of its device: when that is lost, the model is loaded again
// from the cache, on a new device or on Wasm, and answers go on from the tokens they had.
import { acquireDevice, withoutF16, type AcquiredDevice } from '../gpu/device.ts';
import { isGpuError, kFallbackSentence } from '../gpu/errors.ts';
import { ProgressMeter } from '../loading/progressMeter.ts';
import { TesseraError } from '../tesseraError.ts';
import type { Logits } from '../engine/engine.ts';
import type { LoadEnvironment } from './loadModel.ts';
import type { ModelLoader } from './modelLoader.ts';
import type { ModelRuntime } from './modelRuntime.ts';
import type {
  BackendChange,
  GenerateParameters,
  GenerationEvent,
  GenerationSummary,
  LoadParameters,
} from './workerMethods.ts';

export interface ModelHostParts {
  loader: Pick<ModelLoader, 'load'>;
  parameters: Pick<LoadParameters, 'features'>;
  environment: Pick<LoadEnvironment, 'clock' | 'gpu'>;
  runtime: ModelRuntime;
  device: AcquiredDevice | null;
}

// A device that is lost more often will be lost again.
const kDeviceLossesMax = 2;

export class ModelHost {
  readonly #parts: ModelHostParts;
  readonly #watchers = new Set<(change: BackendChange) => void>();
  #runtime: ModelRuntime;
  #device: AcquiredDevice | null;
  #losses = 0;
  #recovery: Promise<void> | null = null;

  constructor(parts: ModelHostParts) {
    this.#parts = parts;
    this.#runtime = parts.runtime;
    this.#device = parts.device;
  }

  // The model as it is at this moment.
  get runtime(): ModelRuntime {
    return this.#runtime;
  }

  // Told when the model has moved, until the signal is aborted.
  watch(watcher: (change: BackendChange) => void, signal: AbortSignal): void {
    this.#watchers.add(watcher);
    signal.addEventListener('abort', () => this.#watchers.delete(watcher), { once: true });
  }

  // As ModelRuntime.generate; a lost device interrupts the answer, but loses and doubles no token.
  async generate(
    parameters: GenerateParameters,
    signal: AbortSignal,
    emit: (event: GenerationEvent) => void,
  ): Promise<GenerationSummary> {
    let request = parameters;
    const note = (event: GenerationEvent) => {
      if (event.type === 'started') request = { ...request, seed: event.seed };
      if (event.type === 'token') {
        request = { ...request, continuationIds: [...request.continuationIds, event.id] };
      }
      emit(event);
    };
    for (;;) {
      const runtime = await this.#usable();
      try {
        return await runtime.generate(request, signal, note);
      } catch (thrown) {
        if (!runtime.failure || signal.aborted) throw thrown;
        emit({ type: 'queued' });
        await this.#recover(runtime);
      }
    }
  }

  async forward(ids: number[], signal: AbortSignal): Promise<Logits> {
    for (;;) {
      const runtime = await this.#usable();
      try {
        return await runtime.forward(ids, signal);
      } catch (thrown) {
        if (!runtime.failure || signal.aborted) throw thrown;
        await this.#recover(runtime);
      }
    }
  }

  // For tests: as if the graphics device had been taken away.
  loseDevice(): void {
    this.#device?.device.destroy();
  }

  // The device may be lost between two requests.
  async #usable(): Promise<ModelRuntime> {
    if (this.#runtime.failure) await this.#recover(this.#runtime);
    return this.#runtime;
  }

  // Resolves when there is another runtime than `failed`.
  async #recover(failed: ModelRuntime): Promise<void> {
    if (this.#runtime !== failed) return;
    this.#recovery ??= this.#reload(failed).finally(() => {
      this.#recovery = null;
    });
    await this.#recovery;
  }

  async #reload(failed: ModelRuntime): Promise<void> {
    const failure = failed.failure ?? new TesseraError('internal', 'Nothing failed.');
    failed.release();
    const usedF16 = this.#device?.limits.uses_f16 ?? true;
    this.#device?.device.destroy();
    this.#device = null;
    this.#losses += 1;
    let reason = failure.message;
    if (failure.code === 'device_lost' && this.#losses <= kDeviceLossesMax) {
      try {
        const { environment, parameters } = this.#parts;
        const device = await acquireDevice(environment.gpu(), parameters);
        // What was switched off because it gave wrong numbers stays off.
        this.#device = usedF16 ? device : withoutF16(device);
        this.#runtime = await this.#load(this.#device);
        this.#tell(`${reason} The model was loaded again on a new one (WebGPU).`);
        return;
      } catch (thrown) {
        const error = TesseraError.from(thrown);
        this.#device?.device.destroy();
        this.#device = null;
        if (!isGpuError(error)) throw error;
        reason = `${reason} ${error.message}`;
      }
    }
    this.#runtime = await this.#load(null);
    this.#tell(`${reason} ${kFallbackSentence}`);
  }

  #load(device: AcquiredDevice | null): Promise<ModelRuntime> {
    const unheard = new ProgressMeter(this.#parts.environment.clock, () => undefined);
    return this.#parts.loader.load(device, unheard, new AbortController().signal);
  }

  #tell(sentence: string): void {
    const { backend } = this.#runtime;
    for (const watcher of this.#watchers) watcher({ backend, sentence });
  }
}
