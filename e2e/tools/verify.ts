/**
 * npm run --silent verify -- --engine node|chromium|firefox|webkit --backend wasm|webgpu DIR [--json]
 * Converts DIR (config.json, model.safetensors), runs it in the engine on the inputs of its
 * reference.safetensors, and prints the relative error of each output. Exits 1 above the tolerance.
 */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import {
  choose,
  describeAdapter,
  engineOptions,
  readEngineChoice,
  runTool,
  UsageError,
} from './commandLine.ts';
import { runSession } from './engineSession.ts';
import { runNative } from './nativeTool.ts';
import type { UsedAdapter } from './session/runCommand.ts';
import type { VerifiedOutput } from './session/verifyModel.ts';

const usage =
  'usage: verify --engine node|chromium|firefox|webkit [--backend wasm|webgpu]' +
  ' [--features f32|f16|subgroups] [--threads N] [--json] DIR';
const tolerances = { wasm: 1e-4, webgpu: 1e-3, webgpuF16: 2e-2 };

function toleranceOf(adapter: UsedAdapter | null): number {
  if (adapter === null) return tolerances.wasm;
  return adapter.f16 ? tolerances.webgpuF16 : tolerances.webgpu;
}

function readOptions() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      ...engineOptions,
      tolerance: { type: 'string' },
      activations: { type: 'string', default: 'f32' },
    },
  });
  const [folder] = positionals;
  if (positionals.length !== 1 || folder === undefined) throw new UsageError(usage);
  const source = resolve(folder);
  for (const file of ['config.json', 'reference.safetensors']) {
    if (!existsSync(join(source, file))) throw new Error(`${source} has no ${file}`);
  }
  return {
    source,
    json: values.json,
    tolerance: values.tolerance === undefined ? undefined : Number(values.tolerance),
    activations: choose('activations', values.activations, ['f32', 'int8']),
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
  const options = readOptions();
  const folder = mkdtempSync(join(tmpdir(), 'tessera-verify-'));
  try {
    runNative('convert', options.source, '--weights', 'f32', '--out', join(folder, 'package'));
    const { variant, threads, adapter, outcome } = await runSession({
      ...options,
      packageFolder: join(folder, 'package'),
      sourceFolder: options.source,
      command: {
        type: 'verify',
        packageUrl: '/package',
        referenceUrl: '/source/reference.safetensors',
        threads: options.threads,
        activations: options.activations,
        kvType: 'f32',
      },
    });
    const outputs = outcome as VerifiedOutput[];
    const { engine, backend, tolerance = toleranceOf(adapter) } = options;
    const passed = outputs.every((output) => output.relative_error <= tolerance);
    if (options.json) {
      const byName = outputs.map(({ name, relative_error }) => [name, { relative_error }] as const);
      const verdict = { outputs: Object.fromEntries(byName), tolerance, passed };
      const place = { engine, backend, variant, threads, ...(adapter ? { adapter } : {}) };
      console.log(JSON.stringify({ ...verdict, ...place }));
    } else {
      if (adapter) console.log(describeAdapter(adapter));
      print(outputs, tolerance);
    }
    return passed ? 0 : 1;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

await runTool('verify', verify);
