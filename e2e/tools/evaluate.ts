/**
 * npm run --silent evaluate -- --engine node|chromium|firefox|webkit --backend wasm|webgpu
 *   --package DIR --text FILE [--against DIR] [--window 512] [--windows N] [--at-once N] [--json]
 * What `tessera evaluate` measures natively, in an engine: perplexity and top-1 accuracy of a
 * package on a text, and how far its distributions are from another package's. --at-once 1 decodes
 * token by token; without it a window goes through the model as a whole.
 */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
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
import { evaluatePackage, type PackageEvaluation } from './evaluatePackage.ts';

const usage =
  'usage: evaluate --engine node|chromium|firefox|webkit --package DIR --text FILE' +
  ' [--against DIR] [--backend wasm|webgpu] [--features f32|f16|subgroups|bytes] [--threads N]' +
  ' [--window 512] [--windows N] [--at-once N] [--activations f32|int8]' +
  ' [--kv f32|f16|8|4|3|2] [--json]';

function readOptions() {
  const { values } = parseArgs({
    options: {
      ...engineOptions,
      package: { type: 'string' },
      against: { type: 'string' },
      text: { type: 'string' },
      window: { type: 'string', default: '512' },
      windows: { type: 'string' },
      'at-once': { type: 'string' },
      activations: { type: 'string', default: 'int8' },
      kv: { type: 'string', default: 'f16' },
    },
  });
  if (values.package === undefined || values.text === undefined) throw new UsageError(usage);
  const textFile = resolve(values.text);
  if (!existsSync(textFile)) throw new Error(`there is no ${textFile}`);
  return {
    json: values.json,
    packageFolder: packageFolder(values.package),
    against: values.against === undefined ? undefined : packageFolder(values.against),
    textFile,
    windowTokens: positiveInteger('window', values.window),
    windowsMax: values.windows === undefined ? 0 : positiveInteger('windows', values.windows),
    atOnce: values['at-once'] === undefined ? 0 : positiveInteger('at-once', values['at-once']),
    activations: choose('activations', values.activations, ['f32', 'int8']),
    kvType: choose('kv', values.kv, kvTypes),
    ...readEngineChoice(values),
  };
}

function print({ evaluation, variant, threads, adapter }: PackageEvaluation): void {
  const { perplexity, top1_accuracy: accuracy, windows, tokens, against } = evaluation;
  const { linear, file } = evaluation.bits_per_weight;
  console.log(adapter ? describeAdapter(adapter) : `build ${variant}, threads ${threads}`);
  console.log(
    `perplexity ${perplexity.toFixed(4)}, top-1 accuracy ${accuracy.toFixed(4)}, ` +
      `${windows} windows, ${tokens} tokens`,
  );
  console.log(
    `bits per weight: ${linear.toFixed(3)} in linear layers, ${file.toFixed(3)} in the file`,
  );
  console.log(
    `resident: ${evaluation.resident_bytes} bytes; ` +
      `a token in the cache takes ${evaluation.kv_bytes_per_token}`,
  );
  if (!against) return;
  console.log(
    `against the other: KL divergence ${against.kl_divergence_mean.toFixed(5)} on average, ` +
      `${against.kl_divergence_p99.toFixed(5)} at the 99th percentile; ` +
      `top-1 agreement ${against.top1_agreement.toFixed(4)}`,
  );
}

async function evaluate(): Promise<number> {
  const { json, ...options } = readOptions();
  const measured = await evaluatePackage(options);
  if (json) {
    const { evaluation, variant, threads, adapter } = measured;
    const { engine, backend } = options;
    const place = { engine, backend, variant, threads, ...(adapter ? { adapter } : {}) };
    console.log(JSON.stringify({ ...evaluation, ...place }));
  } else {
    print(measured);
  }
  return 0;
}

await runTool('evaluate', evaluate);
