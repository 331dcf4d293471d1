/**
 * ONNX Runtime Web on the processor of a Chromium tab: the matrix products of a model
 * (onnxModel.ts) and nothing else, which is more speed than a whole model could have.
 */
import { basename, dirname, join } from 'node:path';
import { measureInChromium } from './chromiumTab.ts';
import type { Contestant, Speeds, Workload } from './contestant.ts';
import { installPackage, packageFolder } from './npmPackage.ts';

const packageName = 'onnxruntime-web';
const packageVersion = '1.30.0';

export function installOnnxRuntime(): void {
  installPackage(packageName, packageVersion);
}

interface TabRequest extends Workload {
  modelUrl: string;
  hiddenSize: number;
}

interface OnnxRuntimeModule {
  env: { wasm: { numThreads: number; wasmPaths: string } };
  Tensor: new (type: 'float32', values: Float32Array, extents: number[]) => object;
  InferenceSession: {
    create(
      url: string,
      options: object,
    ): Promise<{ run(feeds: { x: object }): Promise<unknown>; release(): Promise<void> }>;
  };
}

/** Runs in the tab, and closes over nothing. */
async function measureInTab(request: TabRequest): Promise<Speeds> {
  const libraryUrl = '/onnxruntime/ort.wasm.min.mjs';
  const { env, Tensor, InferenceSession } = (await import(libraryUrl)) as OnnxRuntimeModule;
  env.wasm.numThreads = request.threads;
  env.wasm.wasmPaths = '/onnxruntime/';
  const session = await InferenceSession.create(request.modelUrl, { executionProviders: ['wasm'] });
  const { hiddenSize } = request;
  const secondsOf = async (tokens: number) => {
    const values = Float32Array.from({ length: tokens * hiddenSize }, (_, i) => Math.sin(i));
    const x = new Tensor('float32', values, [tokens, hiddenSize]);
    const begin = performance.now();
    await session.run({ x });
    return (performance.now() - begin) / 1000;
  };
  const speeds: Speeds = { prefill: [], decode: [] };
  for (let run = 0; run <= request.runs; run++) {
    const prefill = request.promptTokens / (await secondsOf(request.promptTokens));
    let seconds = 0;
    for (let token = 0; token < request.tokens; token++) seconds += await secondsOf(1);
    if (run === 0) continue; // a warm-up
    speeds.prefill.push(prefill);
    speeds.decode.push(request.tokens / seconds);
  }
  await session.release();
  return speeds;
}

export class OnnxRuntimeInChromium implements Contestant {
  readonly name = 'ONNX Runtime Web, products';
  readonly version = packageVersion;
  readonly weights = '4 bits';
  readonly #model: string;
  readonly #hiddenSize: number;

  constructor(model: string, hiddenSize: number) {
    this.#model = model;
    this.#hiddenSize = hiddenSize;
  }

  measure(workload: Workload): Promise<Speeds> {
    const folders = {
      '/onnxruntime/': join(packageFolder(packageName), 'dist'),
      '/model/': dirname(this.#model),
    };
    const modelUrl = `/model/${basename(this.#model)}`;
    const request = { ...workload, modelUrl, hiddenSize: this.#hiddenSize };
    return measureInChromium(folders, measureInTab, request);
  }
}
