/** Measures a package's perplexity in an engine. */
import { basename, dirname } from 'node:path';
import type { KvType } from '../../web/src/engine/kvType.ts';
import type { EngineBrowser } from '../engines/page.ts';
import type { EngineChoice } from './commandLine.ts';
import { runSession } from './engineSession.ts';
import { runNative } from './nativeTool.ts';
import type { Evaluation } from './session/evaluateModel.ts';
import type { SessionResult } from './session/runCommand.ts';

export interface EvaluateOptions extends EngineChoice {
  packageFolder: string;
  /** The folder of another package of the same model, to compare distributions with. */
  against?: string | undefined;
  textFile: string;
  windowTokens: number;
  /** 0: all that fit. */
  windowsMax: number;
  /** Tokens that go through the model at once; 0: a window. */
  atOnce: number;
  activations: 'f32' | 'int8';
  kvType: KvType;
}

export interface BitsPerWeight {
  linear: number;
  file: number;
}

export interface PackageEvaluation extends Omit<SessionResult, 'outcome'> {
  evaluation: Evaluation & { bits_per_weight: BitsPerWeight };
}

function bitsPerWeight(folder: string): BitsPerWeight {
  const report = JSON.parse(runNative('inspect', folder, '--json')) as {
    bits_per_weight: BitsPerWeight;
  };
  return report.bits_per_weight;
}

/** In `browser`, which stays open, or in one of its own. */
export async function evaluatePackage(
  options: EvaluateOptions,
  browser?: EngineBrowser,
): Promise<PackageEvaluation> {
  const { packageFolder, against, textFile, windowTokens, windowsMax, atOnce, activations } =
    options;
  const session = {
    ...options,
    folders: {
      '/package/': packageFolder,
      '/text/': dirname(textFile),
      ...(against === undefined ? {} : { '/against/': against }),
    },
    command: {
      type: 'evaluate' as const,
      packageUrl: '/package',
      againstUrl: against === undefined ? undefined : '/against',
      textUrl: `/text/${encodeURIComponent(basename(textFile))}`,
      threads: options.threads,
      activations,
      kvType: options.kvType,
      windowTokens,
      windowsMax,
      atOnce,
    },
  };
  const { outcome, ...place } = await runSession(session, browser);
  const bits = bitsPerWeight(packageFolder);
  return { ...place, evaluation: { ...(outcome as Evaluation), bits_per_weight: bits } };
}
