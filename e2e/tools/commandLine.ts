/** What the tools' command lines share. */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Backend } from '../../web/src/capabilities/report.ts';
import { gpuFeatureSets, type GpuFeatureSet } from '../../web/src/gpu/featureSet.ts';
import { sessionEngines, type SessionEngine } from './engineSession.ts';
import type { UsedAdapter } from './session/runCommand.ts';
import { wasmVariants, type WasmVariant } from './wasmBuilds.ts';

export class UsageError extends Error {}

/** The option's value if it is one of the choices; throws a UsageError that lists them. */
export function choose<Choice extends string>(
  option: string,
  value: string,
  choices: readonly Choice[],
): Choice {
  const found = choices.find((choice) => choice === value);
  if (found === undefined)
    throw new UsageError(`--${option} must be one of ${choices.join(', ')}, not "${value}"`);
  return found;
}

export function positiveInteger(option: string, value: string): number {
  const number = Number(value);
  if (!Number.isSafeInteger(number) || number < 1)
    throw new UsageError(`--${option} must be a positive whole number, not "${value}"`);
  return number;
}

/** The folder of a package, as an absolute path. */
export function packageFolder(path: string): string {
  const folder = resolve(path);
  if (!existsSync(join(folder, 'manifest.json'))) throw new Error(`${folder} is no package`);
  return folder;
}

export const engineOptions = {
  engine: { type: 'string', default: 'node' },
  backend: { type: 'string', default: 'wasm' },
  features: { type: 'string' },
  'binding-mib': { type: 'string' },
  variant: { type: 'string' },
  threads: { type: 'string', default: '1' },
  json: { type: 'boolean', default: false },
} as const;

export interface EngineChoice {
  engine: SessionEngine;
  backend: Backend;
  features: GpuFeatureSet | undefined;
  bindingBytesMax: number | undefined;
  variant: WasmVariant | null;
  threads: number;
}

export function readEngineChoice(values: {
  engine: string;
  backend: string;
  features?: string | undefined;
  'binding-mib'?: string | undefined;
  variant?: string | undefined;
  threads: string;
}): EngineChoice {
  const { features, 'binding-mib': bindingMib } = values;
  return {
    backend: choose('backend', values.backend, ['wasm', 'webgpu']),
    features: features === undefined ? undefined : choose('features', features, gpuFeatureSets),
    bindingBytesMax:
      bindingMib === undefined ? undefined : positiveInteger('binding-mib', bindingMib) * 2 ** 20,
    engine: choose('engine', values.engine, sessionEngines),
    variant: values.variant === undefined ? null : choose('variant', values.variant, wasmVariants),
    threads: positiveInteger('threads', values.threads),
  };
}

/** The features that an adapter's kernels used. */
export function featuresUsed({ f16, subgroups, bytes }: UsedAdapter): string {
  const optional = [...(subgroups ? ['subgroups'] : []), ...(bytes ? ['bytes'] : [])];
  return [f16 ? 'f16' : 'f32', ...optional].join(', ');
}

export function describeAdapter(adapter: UsedAdapter): string {
  return `WebGPU on “${adapter.name}”, ${featuresUsed(adapter)}`;
}

/** Runs a tool; its result is the exit status. An error is one line and status 2. */
export async function runTool(name: string, body: () => Promise<number>): Promise<void> {
  try {
    process.exitCode = await body();
  } catch (error) {
    console.error(`${name}: ${error instanceof Error ? error.message : String(error)}`);
    process.exitCode = 2;
  }
  // Threads of a Wasm runtime in this process would keep it alive.
  process.exit();
}
