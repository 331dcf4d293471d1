import { describe, expect, test } from 'vitest';
import { FakeClock } from '../../test-support/fakeClock.ts';
import { fakeGpu } from '../../test-support/fakeGpu.ts';
import { deviceLost, gpuFailed } from '../gpu/errors.ts';
import { TesseraError } from '../tesseraError.ts';
import { ModelHost } from './modelHost.ts';
import type { ModelRuntime } from './modelRuntime.ts';
import type {
  BackendChange,
  GenerateParameters,
  GenerationEvent,
  GenerationSummary,
} from './workerMethods.ts';

const kAnswer = [10, 11, 12, 13, 14, 15];

const lost = deviceLost({ reason: 'unknown', message: 'the driver was reset' });

// Answers with kAnswer, until it fails instead of giving the token of that index.
class FakeRuntime {
  readonly requests: GenerateParameters[] = [];
  readonly backend: 'wasm' | 'webgpu';
  failure: TesseraError | null = null;
  isReleased = false;
  readonly #failsAt: number;
  readonly #error: TesseraError;

  constructor(backend: 'wasm' | 'webgpu', failsAt = Infinity, error: TesseraError = lost) {
    this.backend = backend;
    this.#failsAt = failsAt;
    this.#error = error;
  }

  release(): void {
    this.isReleased = true;
  }

  async generate(
    parameters: GenerateParameters,
    signal: AbortSignal,
    emit: (event: GenerationEvent) => void,
  ): Promise<GenerationSummary> {
    this.requests.push(parameters);
    emit({ type: 'started', promptTokens: 3, cachedTokens: 0, seed: parameters.seed ?? 99 });
    for (let index = parameters.continuationIds.length; index < kAnswer.length; index += 1) {
      await Promise.resolve();
      if (signal.aborted) throw TesseraError.cancelled();
      if (index >= this.#failsAt) {
        this.failure = this.#error;
        throw this.#error;
      }
      emit({ type: 'token', id: kAnswer[index] ?? 0, text: `${index}`, logprobs: null });
    }
    return { tokens: kAnswer.length } as GenerationSummary;
  }
}

function setUp(first: FakeRuntime, ...later: (FakeRuntime | TesseraError)[]) {
  const { gpu, state } = fakeGpu();
  const loadedOn: ('wasm' | 'webgpu')[] = [];
  const changes: BackendChange[] = [];
  const host = new ModelHost({
    loader: {
      load: (device) => {
        loadedOn.push(device ? 'webgpu' : 'wasm');
        const next = later.shift();
        return next instanceof FakeRuntime
          ? Promise.resolve(next as unknown as ModelRuntime)
          : Promise.reject(next ?? new Error('nothing more to load'));
      },
    },
    parameters: { features: undefined },
    environment: { clock: new FakeClock(), gpu: () => gpu },
    runtime: first as unknown as ModelRuntime,
    device: null,
  });
  host.watch((change) => changes.push(change), new AbortController().signal);
  const generate = async (signal = new AbortController().signal) => {
    const ids: number[] = [];
    const types: string[] = [];
    const summary = await host.generate(request, signal, (event) => {
      types.push(event.type);
      if (event.type === 'token') ids.push(event.id);
    });
    return { ids, types, summary };
  };
  return { host, generate, loadedOn, changes, state };
}

const request = { continuationIds: [], seed: undefined } as unknown as GenerateParameters;

describe('losing the device', () => {
  test('in mid-answer loses and doubles no token: the answer goes on on a new one', async () => {
    const [first, second] = [new FakeRuntime('webgpu', 3), new FakeRuntime('webgpu')];
    const { generate, loadedOn, changes } = setUp(first, second);
    const { ids, types, summary } = await generate();
    expect(ids).toEqual(kAnswer);
    expect(types.filter((type) => type === 'queued')).toHaveLength(1);
    expect(summary.tokens).toBe(kAnswer.length);
    expect(loadedOn).toEqual(['webgpu']);
    expect(second.requests).toMatchObject([{ continuationIds: [10, 11, 12], seed: 99 }]);
    expect(first.isReleased).toBe(true);
    expect(changes).toMatchObject([
      { backend: 'webgpu', sentence: expect.stringContaining('the driver was reset') as string },
    ]);
  });

  test('again and again ends on Wasm', async () => {
    const runtimes = [1, 2, 3].map((failsAt) => new FakeRuntime('webgpu', failsAt));
    const [first, ...later] = runtimes;
    const { generate, loadedOn, changes } = setUp(
      first ?? new FakeRuntime('webgpu'),
      ...later,
      new FakeRuntime('wasm'),
    );
    expect((await generate()).ids).toEqual(kAnswer);
    expect(loadedOn).toEqual(['webgpu', 'webgpu', 'wasm']);
    expect(changes.at(-1)).toMatchObject({
      backend: 'wasm',
      sentence: expect.stringContaining('The model runs on Wasm instead.') as string,
    });
  });

  test('where no other is to be had goes on on Wasm', async () => {
    const { generate, loadedOn, state } = setUp(
      new FakeRuntime('webgpu', 2),
      new FakeRuntime('wasm'),
    );
    state.hasAdapter = false;
    expect((await generate()).ids).toEqual(kAnswer);
    expect(loadedOn).toEqual(['wasm']);
  });

  test('whose new one cannot hold the model goes on on Wasm', async () => {
    const full = new TesseraError('out_of_memory', 'full');
    const { generate, loadedOn } = setUp(
      new FakeRuntime('webgpu', 2),
      full,
      new FakeRuntime('wasm'),
    );
    expect((await generate()).ids).toEqual(kAnswer);
    expect(loadedOn).toEqual(['webgpu', 'wasm']);
  });

  test('to a fault of the program or the driver goes to Wasm at once', async () => {
    const first = new FakeRuntime('webgpu', 2, gpuFailed('invalid bind group'));
    const { generate, loadedOn } = setUp(first, new FakeRuntime('wasm'));
    expect((await generate()).ids).toEqual(kAnswer);
    expect(loadedOn).toEqual(['wasm']);
  });

  test('between two answers is made good before the next one', async () => {
    const first = new FakeRuntime('webgpu');
    const { generate, loadedOn } = setUp(first, new FakeRuntime('webgpu'));
    await generate();
    first.failure = lost;
    expect((await generate()).ids).toEqual(kAnswer);
    expect(first.requests).toHaveLength(1);
    expect(loadedOn).toEqual(['webgpu']);
  });

  test('interrupts two answers and is made good once', async () => {
    const { generate, loadedOn } = setUp(new FakeRuntime('webgpu', 3), new FakeRuntime('webgpu'));
    const answers = await Promise.all([generate(), generate()]);
    expect(answers.map(({ ids }) => ids)).toEqual([kAnswer, kAnswer]);
    expect(loadedOn).toEqual(['webgpu']);
  });

  test('does not hide an error that has nothing to do with it', async () => {
    const full = new TesseraError('context_full', 'too long');
    const first = new FakeRuntime('webgpu');
    first.generate = () => Promise.reject(full);
    const { generate, loadedOn } = setUp(first);
    await expect(generate()).rejects.toBe(full);
    expect(loadedOn).toEqual([]);
  });
});
