/** Converts a model, runs it in an engine on its reference inputs, and compares the outputs. */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { KvType } from '../../web/src/engine/kvType.ts';
import type { EngineBrowser } from '../engines/page.ts';
import type { EngineChoice } from './commandLine.ts';
import { runSession } from './engineSession.ts';
import { runNative } from './nativeTool.ts';
import type { SessionResult, UsedAdapter } from './session/runCommand.ts';
import type { VerifiedOutput } from './session/verifyModel.ts';

const tolerances = { wasm: 1e-4, webgpu: 1e-3, webgpuF16: 2e-2 };

function toleranceOf(adapter: UsedAdapter | null): number {
  if (adapter === null) return tolerances.wasm;
  return adapter.f16 ? tolerances.webgpuF16 : tolerances.webgpu;
}

export interface VerifyOptions extends EngineChoice {
  /** Holds config.json, model.safetensors and reference.safetensors. */
  source: string;
  activations: 'f32' | 'int8';
  /** Undefined: f32. */
  kvType?: KvType | undefined;
  /** Undefined: what is usual where the model ran. */
  tolerance?: number | undefined;
}

export interface Verification extends Omit<SessionResult, 'outcome'> {
  outputs: VerifiedOutput[];
  tolerance: number;
  passed: boolean;
}

/** In `browser`, which stays open, or in one of its own. */
export async function verifyFolder(
  options: VerifyOptions,
  browser?: EngineBrowser,
): Promise<Verification> {
  const { source } = options;
  for (const file of ['config.json', 'reference.safetensors']) {
    if (!existsSync(join(source, file))) throw new Error(`${source} has no ${file}`);
  }
  const folder = mkdtempSync(join(tmpdir(), 'tessera-verify-'));
  try {
    runNative('convert', source, '--weights', 'f32', '--out', join(folder, 'package'));
    const session = {
      ...options,
      folders: { '/package/': join(folder, 'package'), '/source/': source },
      command: {
        type: 'verify' as const,
        packageUrl: '/package',
        referenceUrl: '/source/reference.safetensors',
        threads: options.threads,
        activations: options.activations,
        kvType: options.kvType ?? ('f32' as const),
      },
    };
    const { outcome, ...place } = await runSession(session, browser);
    const outputs = outcome as VerifiedOutput[];
    const tolerance = options.tolerance ?? toleranceOf(place.adapter);
    const passed = outputs.every((output) => output.relative_error <= tolerance);
    return { ...place, outputs, tolerance, passed };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
