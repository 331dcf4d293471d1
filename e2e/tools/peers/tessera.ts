/** Tessera itself: in a tab of an engine, and natively. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { EngineName } from '../../engines/page.ts';
import { runSession } from '../engineSession.ts';
import { runNative } from '../nativeTool.ts';
import type { Speed } from '../session/benchModel.ts';
import { repositoryRoot } from '../wasmBuilds.ts';
import type { Contestant, Speeds, Workload } from './contestant.ts';

const { version } = JSON.parse(readFileSync(join(repositoryRoot, 'package.json'), 'utf8')) as {
  version: string;
};

export class TesseraInTab implements Contestant {
  readonly name: string;
  readonly version = version;
  readonly weights: string;
  readonly #engine: EngineName;
  readonly #folder: string;

  constructor(engine: EngineName, folder: string, weights: string) {
    this.name = `Tessera, ${engine[0]?.toUpperCase()}${engine.slice(1)}`;
    this.weights = weights;
    this.#engine = engine;
    this.#folder = folder;
  }

  async measure({ threads, promptTokens, tokens, runs }: Workload): Promise<Speeds> {
    const { outcome } = await runSession({
      engine: this.#engine,
      backend: 'wasm',
      features: undefined,
      bindingBytesMax: undefined,
      variant: null,
      threads,
      folders: { '/package/': this.#folder },
      command: {
        type: 'bench',
        packageUrl: '/package',
        threads,
        activations: 'int8',
        kvType: 'f16',
        contextTokensMax: promptTokens + tokens + 1,
        promptTokens,
        tokens,
        runs,
        loop: 'pipelined',
      },
    });
    const speeds = (outcome as Speed).runs;
    return {
      prefill: speeds.map((speed) => speed.prefill_tokens_per_s),
      decode: speeds.map((speed) => speed.decode_tokens_per_s),
    };
  }
}

export class TesseraNative implements Contestant {
  readonly name = 'Tessera, native';
  readonly version = version;
  readonly weights: string;
  readonly #folder: string;

  constructor(folder: string, weights: string) {
    this.weights = weights;
    this.#folder = folder;
  }

  /** The program gives its median only: one value a turn. */
  measure({ threads, promptTokens, tokens, runs }: Workload): Promise<Speeds> {
    const counts = ['--prompt-tokens', `${promptTokens}`, '--tokens', `${tokens}`];
    const repeats = ['--threads', `${threads}`, '--runs', `${runs}`, '--json'];
    const speed = JSON.parse(runNative('bench', this.#folder, ...counts, ...repeats)) as Speed;
    return Promise.resolve({
      prefill: [speed.prefill_tokens_per_s],
      decode: [speed.decode_tokens_per_s],
    });
  }
}
