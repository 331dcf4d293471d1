/**
 * npm run --silent bench:gpu -- [--engine node] [--shape 1B|tiny] [--weights q4] [--rounds 3]
 *   [--features f32|f16|subgroups|bytes] [--bandwidth-gb-per-s N] [--load-mb-per-s N] [--ops]
 *   [--out docs/benchmarks]
 * Speed on WebGPU: decode at several positions, prefill, a loop without pipelining, the first token
 * after a cold start; with --ops also each kernel. Writes gpu.json and gpu.svg.
 */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import {
  choose,
  engineOptions,
  positiveInteger,
  readEngineChoice,
  runTool,
} from './commandLine.ts';
import { runSession } from './engineSession.ts';
import { describeFindings, drawFindings, type GpuFindings } from './gpu/findings.ts';
import { gpuShapes, type GpuShape, type GpuShapeName } from './gpu/shapes.ts';
import { timeOps } from './gpu/timeOps.ts';
import { runNative } from './nativeTool.ts';
import { countWeights } from './peers/limits.ts';
import type { Speed } from './session/benchModel.ts';
import type { FirstToken } from './session/firstToken.ts';
import type { SessionCommand } from './session/runCommand.ts';
import { repositoryRoot } from './wasmBuilds.ts';

function readOptions() {
  const { values } = parseArgs({
    options: {
      ...engineOptions,
      shape: { type: 'string', default: '1B' },
      weights: { type: 'string', default: 'q4' },
      rounds: { type: 'string', default: '3' },
      'bandwidth-gb-per-s': { type: 'string' },
      'load-mb-per-s': { type: 'string' },
      ops: { type: 'boolean', default: false },
      out: { type: 'string', default: join(repositoryRoot, 'docs/benchmarks') },
    },
  });
  const optional = (name: 'bandwidth-gb-per-s' | 'load-mb-per-s') =>
    values[name] === undefined ? undefined : positiveInteger(name, values[name]);
  const loadRate = optional('load-mb-per-s');
  return {
    ...readEngineChoice({ ...values, backend: 'webgpu' }),
    shape: choose('shape', values.shape, Object.keys(gpuShapes) as GpuShapeName[]),
    weights: values.weights,
    rounds: positiveInteger('rounds', values.rounds),
    bandwidth: optional('bandwidth-gb-per-s'),
    bytesPerSecond: loadRate === undefined ? undefined : loadRate * 1e6,
    ops: values.ops,
    out: resolve(values.out),
  };
}

type Options = ReturnType<typeof readOptions>;

function synthesize({ shape, weights }: Options): string {
  const folder = join(repositoryRoot, 'build/gpu', `${shape}-${weights}`);
  if (!existsSync(join(folder, 'manifest.json'))) {
    runNative('synthesize', ...gpuShapes[shape].options(weights), '--out', folder, '--force');
  }
  return folder;
}

class Measurements {
  readonly findings: GpuFindings;
  readonly #options: Options;
  readonly #folder: string;
  readonly #shape: GpuShape;

  constructor(options: Options, folder: string) {
    this.#options = options;
    this.#folder = folder;
    this.#shape = gpuShapes[options.shape];
    const { sizeBytes: bytes } = countWeights(folder);
    const { bandwidth } = options;
    const byPosition = () =>
      Object.fromEntries(this.#shape.positions.map((position) => [position, [] as number[]]));
    this.findings = {
      adapter: { name: '', f16: false, subgroups: false, bytes: false },
      engine: options.engine,
      shape: options.shape,
      weights: options.weights,
      date: new Date().toISOString(),
      dispatches_per_step: 0,
      bytes_per_token: bytes,
      tokens_per_s_max: bandwidth === undefined ? null : (bandwidth * 1e9) / bytes,
      usual_position: this.#shape.usualPosition,
      decode: byPosition(),
      prefill: byPosition(),
      decode_naive: [],
      first_token_ms: { while_loading: [], after_loading: [] },
      ops: [],
    };
  }

  async round(): Promise<void> {
    for (const position of this.#shape.positions) {
      await this.#speed(position, 'pipelined');
      if (position === this.#shape.usualPosition) await this.#speed(position, 'naive');
    }
    for (const compiles of ['while-loading', 'after-loading'] as const) {
      const { first_token_ms: ms } = await this.#run<FirstToken>({
        type: 'first-token',
        promptTokens: 16,
        compiles,
        contextTokensMax: 64,
      });
      const { first_token_ms: found } = this.findings;
      (compiles === 'while-loading' ? found.while_loading : found.after_loading).push(ms);
    }
  }

  async #speed(position: number, loop: 'pipelined' | 'naive'): Promise<void> {
    const { tokens } = this.#shape;
    const speed = await this.#run<Speed>({
      type: 'bench',
      promptTokens: position,
      tokens,
      runs: 3,
      loop,
      contextTokensMax: position + tokens + 16,
    });
    const { findings } = this;
    const decode = speed.runs.map((run) => run.decode_tokens_per_s);
    if (loop === 'naive') {
      findings.decode_naive.push(...decode);
      return;
    }
    findings.decode[position]?.push(...decode);
    findings.prefill[position]?.push(...speed.runs.map((run) => run.prefill_tokens_per_s));
    findings.dispatches_per_step = speed.dispatches_per_step ?? Number.NaN;
  }

  async #run<Outcome>(command: SessionCommandPart): Promise<Outcome> {
    const { outcome, adapter } = await runSession({
      ...this.#options,
      folders: { '/package/': this.#folder },
      command: {
        packageUrl: '/package',
        threads: 1,
        activations: 'int8',
        kvType: 'f16',
        ...command,
      },
    });
    if (adapter) this.findings.adapter = adapter;
    return outcome as Outcome;
  }
}

type Shared = 'packageUrl' | 'threads' | 'activations' | 'kvType';
// Of a union, every member on its own.
type WithoutShared<Command> = Command extends unknown ? Omit<Command, Shared> : never;
type SessionCommandPart = WithoutShared<SessionCommand>;

async function benchGpu(): Promise<number> {
  // Drivers keep what they compiled; a cold start has nothing kept.
  Object.assign(process.env, { __GL_SHADER_DISK_CACHE: '0', MESA_SHADER_CACHE_DISABLE: 'true' });
  const options = readOptions();
  const measurements = new Measurements(options, synthesize(options));
  for (let round = 0; round < options.rounds; round++) await measurements.round();
  const { findings } = measurements;
  if (options.ops) findings.ops = await timeOps(options.features);
  console.log(describeFindings(findings).join('\n'));
  mkdirSync(options.out, { recursive: true });
  writeFileSync(join(options.out, 'gpu.json'), `${JSON.stringify(findings, null, 2)}\n`);
  writeFileSync(join(options.out, 'gpu.svg'), drawFindings(findings));
  return 0;
}

await runTool('bench:gpu', benchGpu);
