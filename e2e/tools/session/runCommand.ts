/** What a tool asks of an engine, and its execution there (in a worker of a tab, or in Node). */
import { chooseBuild } from '../../../web/src/capabilities/builds.ts';
import { detectFeatures } from '../../../web/src/capabilities/features.ts';
import type { WasmVariant } from '../../../web/src/capabilities/report.ts';
import { loadWasmModule } from '../../../web/src/runtime/wasmModule.ts';
import { WasmRuntime } from '../../../web/src/runtime/wasmRuntime.ts';
import { benchModel, type BenchCommand, type Speed } from './benchModel.ts';
import { verifyModel, type VerifiedOutput, type VerifyCommand } from './verifyModel.ts';

export type SessionCommand = BenchCommand | VerifyCommand;

export interface SessionRequest {
  /** Null: the strongest that runs here. */
  variant: WasmVariant | null;
  /** Address of the folder of each build, ending with a slash. */
  wasmUrls: Partial<Record<WasmVariant, string>>;
  command: SessionCommand;
}

export interface SessionResult {
  variant: WasmVariant;
  threads: number;
  outcome: VerifiedOutput[] | Speed;
}

/** The module's threads come up between these two. */
export type StartState = 'starting' | 'started';

export async function runCommand(
  request: SessionRequest,
  onStart: (state: StartState) => void = () => undefined,
): Promise<SessionResult> {
  const wanted = { threads: request.command.threads };
  const overrides = request.variant === null ? wanted : { ...wanted, variant: request.variant };
  const { variant, threads, sentences } = chooseBuild(await detectFeatures(), overrides);
  if (variant === null) throw new Error(sentences.join(' '));
  const wasmUrl = request.wasmUrls[variant];
  if (wasmUrl === undefined) throw new Error(`the build tessera-${variant} is missing`);
  const module = await loadWasmModule(wasmUrl, variant, threads, () => onStart('starting'));
  onStart('started');
  const runtime = new WasmRuntime(module);
  const command = { ...request.command, threads };
  const outcome =
    command.type === 'verify'
      ? await verifyModel(runtime, command)
      : await benchModel(runtime, command);
  return { variant, threads, outcome };
}
