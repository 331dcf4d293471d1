/**
 * npm run --silent bench -- --engine E --backend wasm --threads N --package DIR
 *   --prompt-tokens 33 --tokens 32 [--json]
 * Prefill and decode speed of a package in an engine, medians of several runs.
 */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import {
  choose,
  engineOptions,
  positiveInteger,
  readEngineChoice,
  runTool,
  UsageError,
} from './commandLine.ts';
import { runSession } from './engineSession.ts';
import type { Speed } from './session/benchModel.ts';

const usage =
  'usage: bench --engine node|chromium|firefox|webkit --package DIR [--threads N]' +
  ' [--prompt-tokens 33] [--tokens 32] [--runs 5] [--json]';

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
    },
  });
  if (values.package === undefined) throw new UsageError(usage);
  const folder = resolve(values.package);
  if (!existsSync(join(folder, 'manifest.json'))) throw new Error(`${folder} is no package`);
  return {
    folder,
    json: values.json,
    promptTokens: positiveInteger('prompt-tokens', values['prompt-tokens']),
    tokens: positiveInteger('tokens', values.tokens),
    runs: positiveInteger('runs', values.runs),
    activations: choose('activations', values.activations, ['f32', 'int8']),
    kvType: choose('kv', values.kv, ['f32', 'f16']),
    ...readEngineChoice(values),
  };
}

async function bench(): Promise<number> {
  const options = readOptions();
  const { engine, promptTokens, tokens, runs } = options;
  const { variant, threads, outcome } = await runSession({
    engine,
    variant: options.variant,
    packageFolder: options.folder,
    sourceFolder: options.folder,
    command: {
      type: 'bench',
      packageUrl: '/package',
      threads: options.threads,
      activations: options.activations,
      kvType: options.kvType,
      contextTokensMax: promptTokens + tokens + 1,
      promptTokens,
      tokens,
      runs,
    },
  });
  const speed = outcome as Speed;
  if (options.json) {
    const setting = { engine, backend: 'wasm', variant, threads, runs };
    const counts = { prompt_tokens: promptTokens, tokens };
    const { prefill_tokens_per_s, decode_tokens_per_s } = speed;
    const speeds = { prefill_tokens_per_s, decode_tokens_per_s };
    console.log(JSON.stringify({ ...speeds, ...counts, ...setting }));
  } else {
    const prefill = speed.prefill_tokens_per_s.toFixed(1);
    const decode = speed.decode_tokens_per_s.toFixed(1);
    console.log(
      `prefill ${prefill} tokens/s (${promptTokens} tokens), decode ${decode} tokens/s` +
        ` (${tokens} tokens), ${engine}, build ${variant}, threads ${threads}`,
    );
  }
  return 0;
}

await runTool('bench', bench);
