/** What a tool asks of an engine, and its execution there (in a worker of a tab, or in Node). */
import { chooseBuild } from '../../../web/src/capabilities/builds.ts';
import { detectFeatures } from '../../../web/src/capabilities/features.ts';
import type { Backend, WasmVariant } from '../../../web/src/capabilities/report.ts';
import { acquireDevice, type AcquiredDevice } from '../../../web/src/gpu/device.ts';
import type { GpuFeatureSet } from '../../../web/src/gpu/featureSet.ts';
import { loadWasmModule } from '../../../web/src/runtime/wasmModule.ts';
import { WasmRuntime } from '../../../web/src/runtime/wasmRuntime.ts';
import { benchModel, type BenchCommand, type Speed } from './benchModel.ts';
import type { Place } from './loadModel.ts';
import { evaluateModel, type EvaluateCommand, type Evaluation } from './evaluateModel.ts';
import { measureFirstToken, type FirstToken, type FirstTokenCommand } from './firstToken.ts';
import { verifyModel, type VerifiedOutput, type VerifyCommand } from './verifyModel.ts';

export type SessionCommand = BenchCommand | EvaluateCommand | FirstTokenCommand | VerifyCommand;

export interface SessionRequest {
  /** Null: the strongest that runs here. */
  variant: WasmVariant | null;
  backend: Backend;
  /** Undefined: whatever the adapter has. */
  features: GpuFeatureSet | undefined;
  /** Pretends that the adapter binds no more than this; undefined: what it really binds. */
  bindingBytesMax: number | undefined;
  /** Address of the folder of each build, ending with a slash. */
  wasmUrls: Partial<Record<WasmVariant, string>>;
  command: SessionCommand;
}

/** The graphics adapter that was used, and what the kernels used of it. */
export interface UsedAdapter {
  name: string;
  f16: boolean;
  subgroups: boolean;
  bytes: boolean;
}

export interface SessionResult {
  variant: WasmVariant;
  threads: number;
  /** Null on Wasm. */
  adapter: UsedAdapter | null;
  outcome: VerifiedOutput[] | Evaluation | FirstToken | Speed;
}

/** The module's threads come up between these two. */
export type StartState = 'starting' | 'started';

function describeAdapter({ adapterName, limits }: AcquiredDevice): UsedAdapter {
  return {
    name: adapterName,
    f16: limits.uses_f16,
    subgroups: limits.uses_subgroups,
    bytes: limits.uses_byte_products,
  };
}

function run(place: Place, command: SessionCommand): Promise<SessionResult['outcome']> {
  switch (command.type) {
    case 'verify':
      return verifyModel(place, command);
    case 'evaluate':
      return evaluateModel(place, command);
    case 'first-token':
      return measureFirstToken(place, command);
    case 'bench':
      return benchModel(place, command);
  }
}

/** `gpu`: where this engine has WebGPU. */
export async function runCommand(
  request: SessionRequest,
  gpu: GPU | undefined,
  onStart: (state: StartState) => void = () => undefined,
): Promise<SessionResult> {
  const wanted = { threads: request.command.threads };
  const overrides = request.variant === null ? wanted : { ...wanted, variant: request.variant };
  const { variant, threads, sentences } = chooseBuild(await detectFeatures(), overrides);
  if (variant === null) throw new Error(sentences.join(' '));
  const wasmUrl = request.wasmUrls[variant];
  if (wasmUrl === undefined) throw new Error(`the build tessera-${variant} is missing`);
  const device = request.backend === 'webgpu' ? await acquireDevice(gpu, request) : null;
  const module = await loadWasmModule(wasmUrl, variant, threads, () => onStart('starting'));
  onStart('started');
  const runtime = new WasmRuntime(module);
  const outcome = await run({ runtime, device }, { ...request.command, threads });
  return { variant, threads, adapter: device ? describeAdapter(device) : null, outcome };
}
