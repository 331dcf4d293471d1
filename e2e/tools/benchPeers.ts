/**
 * npm run --silent bench:peers -- [--threads 1,2] [--rounds 3] [--runs 3] [--tokens 32]
 *   [--models 82M,SmolLM2] [--engines chromium] [--instructions] [--out docs/benchmarks]
 * Tessera, wllama, native llama.cpp and the matrix products of ONNX Runtime Web in turn, in one
 * run, on the same shapes and bits: medians and spread, beside the limit that memory sets. Writes
 * peers.json and peers.svg.
 */
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, homedir, loadavg, release } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { engineNames, type EngineName } from '../engines/page.ts';
import { choose, positiveInteger, runTool, UsageError } from './commandLine.ts';
import { runNative } from './nativeTool.ts';
import type { Contestant } from './peers/contestant.ts';
import { measureInstructionsPerWeight, measureLimits } from './peers/limits.ts';
import { buildLlamaCpp, LlamaCpp } from './peers/llamaCpp.ts';
import { shape82m } from './peers/modelShape.ts';
import { writeProducts } from './peers/onnxModel.ts';
import { installOnnxRuntime, OnnxRuntimeInChromium } from './peers/onnxRuntime.ts';
import { randomLlamaWords, writeRandomLlama } from './peers/randomGguf.ts';
import {
  addSpeeds,
  drawResults,
  printResults,
  type Findings,
  type Result,
} from './peers/results.ts';
import { TesseraInTab, TesseraNative } from './peers/tessera.ts';
import { installWllama, WllamaInChromium } from './peers/wllama.ts';
import { repositoryRoot } from './wasmBuilds.ts';

const modelNames = ['82M', 'SmolLM2'] as const;
type ModelName = (typeof modelNames)[number];

interface PeerModel {
  name: ModelName;
  folder: string;
  contestants: Contestant[];
}

const work = join(repositoryRoot, 'build/peers');

function list<Choice extends string>(option: string, text: string, choices: readonly Choice[]) {
  return text.split(',').map((value) => choose(option, value, choices));
}

function readOptions() {
  const { values } = parseArgs({
    options: {
      threads: { type: 'string', default: '1,2' },
      rounds: { type: 'string', default: '3' },
      runs: { type: 'string', default: '3' },
      tokens: { type: 'string', default: '32' },
      models: { type: 'string', default: modelNames.join(',') },
      engines: { type: 'string', default: 'chromium' },
      instructions: { type: 'boolean', default: false },
      out: { type: 'string', default: join(repositoryRoot, 'docs/benchmarks') },
    },
  });
  const threads = values.threads.split(',').map((count) => positiveInteger('threads', count));
  if (threads.length === 0) throw new UsageError('--threads needs a number');
  return {
    threads,
    rounds: positiveInteger('rounds', values.rounds),
    runs: positiveInteger('runs', values.runs),
    tokens: positiveInteger('tokens', values.tokens),
    models: list('models', values.models, modelNames),
    engines: list<EngineName>('engines', values.engines, engineNames),
    instructions: values.instructions,
    out: resolve(values.out),
  };
}

type Options = ReturnType<typeof readOptions>;

function tesseras(folder: string, weights: string, engines: EngineName[]): Contestant[] {
  const inTabs = engines.map((engine) => new TesseraInTab(engine, folder, weights));
  return [...inTabs, new TesseraNative(folder, weights)];
}

function prepare82m(engines: EngineName[]): PeerModel {
  const folder = join(work, '82m');
  if (!existsSync(join(folder, 'manifest.json'))) {
    const context = `${shape82m.contextTokensMax}`;
    runNative('synthesize', '--context', context, '--weights', 'q4', '--out', folder);
  }
  const gguf = (format: 'q4_0' | 'q4_k') => {
    const path = join(work, `82m-${format}.gguf`);
    if (!existsSync(path)) writeRandomLlama(path, shape82m, format);
    return path;
  };
  const onnx = join(work, '82m.onnx');
  if (!existsSync(onnx)) writeProducts(onnx, shape82m);
  const words = randomLlamaWords(4096);
  return {
    name: '82M',
    folder,
    contestants: [
      ...tesseras(folder, 'q4', engines),
      new WllamaInChromium(gguf('q4_k'), 'Q4_K', words),
      new OnnxRuntimeInChromium(onnx, shape82m.hiddenSize),
      new LlamaCpp(gguf('q4_0'), 'Q4_0'),
    ],
  };
}

function prepareSmolLm2(engines: EngineName[]): PeerModel {
  const name = 'SmolLM2-135M-Instruct.Q4_1.gguf';
  const gguf = join(homedir(), '.cache/tessera/downloads', name);
  if (!existsSync(gguf)) throw new Error(`${gguf} is missing; scripts/run --model smollm2 gets it`);
  const folder = join(work, 'smollm2');
  if (!existsSync(join(folder, 'manifest.json'))) {
    rmSync(folder, { recursive: true, force: true });
    runNative('convert', gguf, '--out', folder, '--name', 'SmolLM2');
  }
  const words = Array.from({ length: 26 }, (_, i) => ` ${String.fromCharCode(97 + i)}`);
  return {
    name: 'SmolLM2',
    folder,
    contestants: [
      ...tesseras(folder, 'Q4_1', engines),
      new WllamaInChromium(gguf, 'Q4_1', words),
      new LlamaCpp(gguf, 'Q4_1'),
    ],
  };
}

function describeMachine(): Findings['machine'] {
  const processor = cpus()[0]?.model ?? 'unknown';
  return { processor, processors: availableParallelism(), system: `Linux ${release()}` };
}

async function measureModel(model: PeerModel, options: Options, findings: Findings) {
  const results = new Map<string, Result>();
  const newResult = ({ name, version, weights }: Contestant, threads: number): Result => {
    const of = { model: model.name, threads, contestant: name, version, weights };
    return { ...of, prefill_33: [], prefill_256: [], decode: [] };
  };
  for (let round = 0; round < options.rounds; round++) {
    for (const threads of options.threads) {
      for (const contestant of model.contestants) {
        const key = `${contestant.name} ${threads}`;
        const result = results.get(key) ?? newResult(contestant, threads);
        results.set(key, result);
        const { tokens, runs } = options;
        const short = await contestant.measure({ threads, promptTokens: 33, tokens, runs });
        const long = await contestant.measure({ threads, promptTokens: 256, tokens: 1, runs });
        addSpeeds(result, short, long);
        console.log(`${model.name}, round ${round + 1}, threads ${threads}: ${contestant.name}`);
      }
    }
  }
  findings.results.push(...results.values());
  for (const threads of options.threads) {
    const limits = measureLimits(model.folder, threads);
    if (options.instructions && threads === 1) {
      const { weights } = limits;
      limits.instructions_per_weight = measureInstructionsPerWeight(model.folder, weights);
    }
    findings.limits.push({ ...limits, model: model.name, threads });
  }
}

async function benchPeers(): Promise<number> {
  const options = readOptions();
  mkdirSync(work, { recursive: true });
  buildLlamaCpp();
  installWllama();
  installOnnxRuntime();
  const findings: Findings = {
    machine: describeMachine(),
    load_average: 0,
    versions: {},
    date: new Date().toISOString(),
    limits: [],
    results: [],
  };
  for (const name of options.models) {
    const prepare = name === '82M' ? prepare82m : prepareSmolLm2;
    const model = prepare(options.engines);
    for (const contestant of model.contestants) {
      findings.versions[contestant.name] = contestant.version;
    }
    await measureModel(model, options, findings);
  }
  findings.load_average = loadavg()[0] ?? 0;
  printResults(findings);
  mkdirSync(options.out, { recursive: true });
  writeFileSync(join(options.out, 'peers.json'), `${JSON.stringify(findings, null, 2)}\n`);
  writeFileSync(join(options.out, 'peers.svg'), drawResults(findings));
  return 0;
}

await runTool('bench:peers', benchPeers);
