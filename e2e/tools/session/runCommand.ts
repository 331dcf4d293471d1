/** What a tool asks of an engine, and its execution there (in a worker of a tab, or in Node). */
import { benchModel, type BenchCommand, type Speed } from './benchModel.ts';
import { verifyModel, type VerifiedOutput, type VerifyCommand } from './verifyModel.ts';
import { WasmRuntime } from './wasmRuntime.ts';

export type SessionCommand = BenchCommand | VerifyCommand;

export interface SessionRequest {
  /** The builds to choose from, strongest first: the first whose Wasm validates here is taken. */
  builds: { variant: string; moduleUrl: string; wasmUrl: string }[];
  command: SessionCommand;
}

export interface SessionResult {
  variant: string;
  threads: number;
  outcome: VerifiedOutput[] | Speed;
}

async function validates(wasmUrl: string): Promise<boolean> {
  const response = await fetch(wasmUrl);
  return response.ok && WebAssembly.validate(await response.arrayBuffer());
}

async function chooseBuild(request: SessionRequest) {
  for (const build of request.builds) {
    const needsSharing = build.variant === 'threads';
    if (needsSharing && typeof SharedArrayBuffer === 'undefined') continue;
    if (await validates(build.wasmUrl)) return build;
  }
  const names = request.builds.map((build) => build.variant).join(', ');
  throw new Error(`this engine runs none of the builds: ${names}`);
}

export async function runCommand(request: SessionRequest): Promise<SessionResult> {
  const build = await chooseBuild(request);
  const threads = build.variant === 'threads' ? request.command.threads : 1;
  const command = { ...request.command, threads };
  const runtime = await WasmRuntime.load(build.moduleUrl, threads);
  const outcome =
    command.type === 'verify'
      ? await verifyModel(runtime, command)
      : await benchModel(runtime, command);
  return { variant: build.variant, threads, outcome };
}
