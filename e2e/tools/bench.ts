/**
 * npm run --silent bench -- --engine E --backend wasm|webgpu --threads N --package DIR
 *   --prompt-tokens 33 --tokens 32 [--json]
 * Prefill and decode speed of a package in an engine, medians of several runs; on WebGPU also the
 * dispatches of a step, and the time of each kernel.
 */
import { parseArgs } from 'node:util';
import { kvTypes } from '../../web/src/engine/kvType.ts';
import {
  choose,
  describeAdapter,
  engineOptions,
  packageFolder,
  positiveInteger,
  readEngineChoice,
  runTool,
  UsageError,
} from './commandLine.ts';
import { runSession } from './engineSession.ts';
import type { Speed } from './session/benchModel.ts';

const usage =
  'usage: bench --engine node|chromium|firefox|webkit --package DIR [--threads N]' +
  ' [--backend wasm|webgpu] [--features f32|f16|subgroups|bytes]' +
  ' [--prompt-tokens 33] [--tokens 32] [--runs 5] [--loop pipelined|naive] [--json]';

function readOptions() {
  const { values } = parseArgs({
    options: {
      ...engineOptions,
      package: { type: 'string' },
      'prompt-tokens': { type: 'string', default: '33' },
      tokens: { type: 'string', default: '32' },
      runs: { type: 'string', default: '5' },
      activations: { type: 'string', default: 'int8' },
      kv: { type: 'string', default: 'f16' },
      loop: { type: 'string', default: 'pipelined' },
    },
  });
  if (values.package === undefined) throw new UsageError(usage);
  return {
    folder: packageFolder(values.package),
    json: values.json,
    promptTokens: positiveInteger('prompt-tokens', values['prompt-tokens']),
    tokens: positiveInteger('tokens', values.tokens),
    runs: positiveInteger('runs', values.runs),
    activations: choose('activations', values.activations, ['f32', 'int8']),
    kvType: choose('kv', values.kv, kvTypes),
    loop: choose('loop', values.loop, ['pipelined', 'naive']),
    ...readEngineChoice(values),
  };
}

function printKernels({ dispatches_per_step: dispatches, kernels = [] }: Speed): void {
  if (dispatches !== undefined) console.log(`${dispatches} dispatches per decode step`);
  for (const kernel of kernels) {
    const mean = kernel.total_us / kernel.dispatches;
    console.log(
      `${kernel.total_us.toFixed(0).padStart(10)} us  ${String(kernel.dispatches).padStart(6)} x ` +
        `${mean.toFixed(1).padStart(8)} us  ${kernel.label}`,
    );
  }
}

async function bench(): Promise<number> {
  const options = readOptions();
  const { engine, backend, promptTokens, tokens, runs } = options;
  const { variant, threads, adapter, outcome } = await runSession({
    ...options,
    folders: { '/package/': options.folder },
    command: {
      type: 'bench',
      packageUrl: '/package',
      threads: options.threads,
      activations: options.activations,
      kvType: options.kvType,
      // At least as long as what counts dispatches.
      contextTokensMax: promptTokens + Math.max(tokens, 8) + 1,
      promptTokens,
      tokens,
      runs,
      loop: options.loop,
    },
  });
  const speed = outcome as Speed;
  const describePlace = () =>
    adapter ? describeAdapter(adapter) : `build ${variant}, threads ${threads}`;
  if (options.json) {
    const setting = { engine, backend, variant, threads, runs, ...(adapter ? { adapter } : {}) };
    const counts = { prompt_tokens: promptTokens, tokens };
    const { runs: speeds, ...medians } = speed;
    console.log(JSON.stringify({ ...medians, ...counts, ...setting, speeds }));
  } else {
    const prefill = speed.prefill_tokens_per_s.toFixed(1);
    const decode = speed.decode_tokens_per_s.toFixed(1);
    console.log(
      `prefill ${prefill} tokens/s (${promptTokens} tokens), decode ${decode} tokens/s` +
        ` (${tokens} tokens), ${engine}, ${describePlace()}`,
    );
    printKernels(speed);
  }
  return 0;
}

await runTool('bench', bench);
