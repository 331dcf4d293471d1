// The page without a server and without a model, for looking at it: `?demo=chat`, `loading`,
// `error`, `full`,
// `story`, `reconnecting`. Development only.
import type { Platform } from '../src/chat/models/platform.ts';
import { detectCapabilities, readOverrides, TesseraError } from '../src/index.ts';
import type { EngineOptions } from '../src/index.ts';
import { createFakeEngine, type FakeEngineOptions } from './fakeEngine.ts';
import { demonstrationAnswer } from './demonstrationAnswer.ts';

const kModels = [
  {
    name: 'SmolLM2-135M-Instruct',
    architecture: 'llama',
    sizeBytes: 92_300_000,
    contextTokensMax: 8192,
  },
  { name: 'story15m', architecture: 'llama', sizeBytes: 31_200_000, contextTokensMax: 1024 },
  { name: 'Qwen3-0.6B', architecture: 'qwen3', sizeBytes: 412_000_000, contextTokensMax: 32_768 },
];
const kLoadSteps = 60;

export function createDemonstration(kind: string): Platform {
  return {
    detectCapabilities,
    readOverrides,
    listModels: () =>
      kind === 'offline'
        ? Promise.reject(new TesseraError('network', 'No answer from the server.'))
        : Promise.resolve(kModels),
    createEngine: async (options) => {
      await load(kind, options);
      const engine = await createFakeEngine(fakeOptions(kind))({
        ...options,
        onProgress: undefined,
      });
      if (kind === 'reconnecting') {
        const retryAtMs = Date.now() + 8000;
        window.setTimeout(() =>
          engine.setRunnerState({ type: 'waiting', retryAtMs, reason: 'connection lost' }),
        );
      }
      const capabilities = await detectCapabilities();
      const supportsChat = options.model !== 'story15m';
      return Object.assign(engine, { capabilities, supportsChat });
    },
  };
}

function fakeOptions(kind: string): FakeEngineOptions {
  const delayMs = kind === 'fast' ? 0 : 28;
  return {
    answer: demonstrationAnswer,
    beforeToken: () => pause(delayMs),
    ...(kind === 'full'
      ? { requestError: new TesseraError('context_full', 'The prompt has 9,120 tokens.') }
      : {}),
  };
}

async function load(kind: string, options: EngineOptions): Promise<void> {
  const totalBytes = kModels.find((model) => model.name === options.model)?.sizeBytes ?? 1;
  const stepMs = kind === 'loading' ? 400 : kind === 'chat' ? 25 : 2;
  for (let step = 0; step <= kLoadSteps; step += 1) {
    await pause(stepMs);
    if (options.signal?.aborted) throw TesseraError.cancelled();
    if (kind === 'error' && step === kLoadSteps / 2) {
      throw new TesseraError(
        'out_of_memory',
        'The model needs 412 MB, but this tab may take only 256 MB',
      );
    }
    options.onProgress?.({
      phase: 'loading',
      loadedBytes: Math.round((totalBytes * step) / kLoadSteps),
      totalBytes,
      cachedBytes: Math.round((totalBytes * Math.min(step, 12)) / kLoadSteps),
      bytesPerSecond: 8_400_000,
      shardsLoaded: step,
      shardsTotal: kLoadSteps,
      notice: null,
    });
  }
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
