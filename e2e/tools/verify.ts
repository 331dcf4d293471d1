/**
 * npm run --silent verify -- --engine node|chromium|firefox|webkit --backend wasm|webgpu
 *   [--features f32|f16|subgroups|bytes] DIR [--json]
 * Converts DIR (config.json, model.safetensors), runs it in the engine on the inputs of its
 * reference.safetensors, and prints the relative error of each output. Exits 1 above the tolerance.
 */
import { kvTypes } from '../../web/src/engine/kvType.ts';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import {
  choose,
  describeAdapter,
  engineOptions,
  readEngineChoice,
  runTool,
  UsageError,
} from './commandLine.ts';
import type { VerifiedOutput } from './session/verifyModel.ts';
import { verifyFolder } from './verifyFolder.ts';

const usage =
  'usage: verify --engine node|chromium|firefox|webkit [--backend wasm|webgpu]' +
  ' [--features f32|f16|subgroups|bytes] [--threads N] [--json]' +
  ' [--kv f32|f16|8|4|3|2] [--tolerance T] DIR';

function readOptions() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      ...engineOptions,
      tolerance: { type: 'string' },
      activations: { type: 'string', default: 'f32' },
      kv: { type: 'string', default: 'f32' },
    },
  });
  const [folder] = positionals;
  if (positionals.length !== 1 || folder === undefined) throw new UsageError(usage);
  return {
    source: resolve(folder),
    json: values.json,
    tolerance: values.tolerance === undefined ? undefined : Number(values.tolerance),
    activations: choose('activations', values.activations, ['f32', 'int8']),
    kvType: choose('kv', values.kv, kvTypes),
    ...readEngineChoice(values),
  };
}

function print(outputs: VerifiedOutput[], tolerance: number): void {
  for (const { name, shape, relative_error: error } of outputs) {
    const verdict = error <= tolerance ? 'ok' : `above ${tolerance}`;
    console.log(
      `${name} [${shape.join(', ')}]: relative error ${error.toExponential(3)}, ${verdict}`,
    );
  }
}

async function verify(): Promise<number> {
  const { json, ...options } = readOptions();
  const { engine, backend } = options;
  const { variant, threads, adapter, outputs, tolerance, passed } = await verifyFolder(options);
  if (json) {
    const byName = outputs.map(({ name, relative_error }) => [name, { relative_error }] as const);
    const verdict = { outputs: Object.fromEntries(byName), tolerance, passed };
    const place = { engine, backend, variant, threads, ...(adapter ? { adapter } : {}) };
    console.log(JSON.stringify({ ...verdict, ...place }));
  } else {
    if (adapter) console.log(describeAdapter(adapter));
    print(outputs, tolerance);
  }
  return passed ? 0 : 1;
}

await runTool('verify', verify);
