/** wllama, llama.cpp as Wasm, on the processor of a Chromium tab; installed on demand from npm. */
import { basename, dirname, join } from 'node:path';
import { measureInChromium } from './chromiumTab.ts';
import type { Contestant, Speeds, Workload } from './contestant.ts';
import { installPackage, packageFolder } from './npmPackage.ts';

const packageName = '@wllama/wllama';
const packageVersion = '3.8.1';

export function installWllama(): void {
  installPackage(packageName, packageVersion);
}

interface TabRequest extends Workload {
  modelUrl: string;
  /** Texts of one token each. */
  words: string[];
}

interface Timings {
  prompt_per_second: number;
  predicted_per_second: number;
}

interface WllamaModule {
  Wllama: new (
    paths: { default: string },
    options: object,
  ) => {
    loadModel(blobs: Blob[], parameters: object): Promise<void>;
    createCompletion(parameters: object): Promise<{ timings?: Timings }>;
    exit(): Promise<void>;
  };
}

/** Runs in the tab, and closes over nothing. */
async function measureInTab(request: TabRequest): Promise<Speeds> {
  const libraryUrl = '/wllama/index.js';
  const { Wllama } = (await import(libraryUrl)) as WllamaModule;
  const wllama = new Wllama({ default: '/wllama/wasm/wllama.wasm' }, { suppressNativeLog: true });
  const model = await (await fetch(request.modelUrl)).blob();
  await wllama.loadModel([model], {
    n_threads: request.threads,
    n_ctx: 1024,
    n_gpu_layers: 0,
  });
  const speeds: Speeds = { prefill: [], decode: [] };
  for (let run = 0; run <= request.runs; run++) {
    const word = (i: number) => request.words[(7 * i + 13 * run) % request.words.length] ?? '';
    const prompt = Array.from({ length: request.promptTokens - 1 }, (_, i) => word(i)).join('');
    const { timings } = await wllama.createCompletion({
      prompt,
      max_tokens: request.tokens,
      temperature: 0,
      ignore_eos: true,
      cache_prompt: false,
    });
    if (!timings) throw new Error('wllama gave no timings');
    if (run === 0) continue; // a warm-up
    speeds.prefill.push(timings.prompt_per_second);
    speeds.decode.push(timings.predicted_per_second);
  }
  await wllama.exit();
  return speeds;
}

export class WllamaInChromium implements Contestant {
  readonly name = 'wllama, Chromium';
  readonly version = packageVersion;
  readonly weights: string;
  readonly #gguf: string;
  readonly #words: string[];

  constructor(gguf: string, weights: string, words: string[]) {
    this.#gguf = gguf;
    this.weights = weights;
    this.#words = words;
  }

  measure(workload: Workload): Promise<Speeds> {
    const folders = {
      '/wllama/': join(packageFolder(packageName), 'esm'),
      '/model/': dirname(this.#gguf),
    };
    const modelUrl = `/model/${basename(this.#gguf)}`;
    return measureInChromium(folders, measureInTab, { ...workload, modelUrl, words: this.#words });
  }
}
