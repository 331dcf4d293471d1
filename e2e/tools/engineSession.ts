/** Runs one command of session/ in an engine: in a worker of a blank tab, or in this Node. */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { engineNames, type EngineBrowser, type EngineName } from '../engines/page.ts';
import {
  runCommand,
  type SessionCommand,
  type SessionRequest,
  type SessionResult,
  type StartState,
} from './session/runCommand.ts';
import type { EngineChoice } from './commandLine.ts';
import { startDawn } from './dawn.ts';
import { startStaticServer } from './staticServer.ts';
import { findWasmBuild, repositoryRoot, wasmVariants, type WasmVariant } from './wasmBuilds.ts';

export const sessionEngines = ['node', ...engineNames] as const;
export type SessionEngine = (typeof sessionEngines)[number];

export interface SessionOptions extends EngineChoice {
  /** Path prefixes ("/package/") and the folders that are served there. */
  folders: Record<string, string>;
  /** What ends with Url in it begins with "/" and is of the server that this module starts. */
  command: SessionCommand;
  /** Of each file that is sent; undefined: as fast as it goes. */
  bytesPerSecond?: number | undefined;
}

/** Node below 22 computes wrong relaxed dot products, so it never gets that build. */
function requireCapableNode(): void {
  const major = Number(process.versions.node.split('.')[0]);
  if (major < 22) throw new Error(`Node ${major} computes relaxed SIMD wrongly; use 22 or newer`);
}

function findBuilds(options: SessionOptions): Partial<Record<WasmVariant, string>> {
  const folders: Partial<Record<WasmVariant, string>> = {};
  for (const variant of wasmVariants) {
    const folder = findWasmBuild(variant);
    if (folder !== undefined) folders[variant] = folder;
  }
  const missing = options.variant === null ? wasmVariants : [options.variant];
  if (missing.every((variant) => folders[variant] === undefined))
    throw new Error(`no Wasm build (${missing.join(', ')}); scripts/run builds it`);
  return folders;
}

function makeRequest(
  options: SessionOptions,
  builds: Partial<Record<WasmVariant, string>>,
  url: string,
): SessionRequest {
  const wasmUrls: Partial<Record<WasmVariant, string>> = {};
  for (const variant of wasmVariants) {
    const folder = builds[variant];
    if (folder === undefined) continue;
    const inTab = `${url}/wasm/${variant}/`;
    wasmUrls[variant] = options.engine === 'node' ? `${pathToFileURL(folder).href}/` : inTab;
  }
  const { variant, backend, features, bindingBytesMax } = options;
  const command = addressed(options.command, url);
  return { variant, backend, features, bindingBytesMax, wasmUrls, command };
}

/** The command with the server's address before its paths. */
function addressed<Command extends SessionCommand>(command: Command, url: string): Command {
  const fields = Object.entries(command).map(([name, value]: [string, unknown]) =>
    name.endsWith('Url') && typeof value === 'string' ? [name, url + value] : [name, value],
  );
  return Object.fromEntries(fields) as Command;
}

interface Reply {
  state?: StartState;
  result?: SessionResult;
  error?: string;
}

/**
 * Runs inside the tab. A driven Firefox now and then blocks a worker for good while it creates the
 * threads of the module (see web/src/engine/loadInWorker.ts): such a worker is replaced.
 */
function runInWorker({ request, startMsMax, startsMax }: WorkerRun): Promise<Reply> {
  return new Promise((resolve) => {
    const start = (number: number) => {
      const worker = new Worker('/e2e/tools/session/worker.ts', { type: 'module' });
      let watch: ReturnType<typeof setTimeout> | undefined;
      const replace = () => {
        worker.terminate();
        if (number < startsMax) start(number + 1);
        else resolve({ error: `the module did not start in ${startsMax} workers` });
      };
      worker.onmessage = ({ data }: MessageEvent<Reply>) => {
        clearTimeout(watch);
        if (data.state === 'starting') watch = setTimeout(replace, startMsMax);
        else if (data.state === undefined) resolve(data);
      };
      worker.onerror = (event) => resolve({ error: event.message || 'the worker failed' });
      worker.postMessage(request);
    };
    start(1);
  });
}

interface WorkerRun {
  request: SessionRequest;
  startMsMax: number;
  startsMax: number;
}

async function runInTab(
  browser: EngineBrowser,
  url: string,
  request: SessionRequest,
): Promise<SessionResult> {
  const context = await browser.newContext();
  try {
    const page = await context.newPage();
    await page.goto(`${url}/`);
    const run: WorkerRun = { request, startMsMax: 5000, startsMax: 5 };
    const reply = await page.evaluate(runInWorker, run);
    if (!reply.result) throw new Error(reply.error ?? 'the worker gave no result');
    return reply.result;
  } finally {
    await context.close();
  }
}

async function runInBrowser(
  name: EngineName,
  url: string,
  request: SessionRequest,
): Promise<SessionResult> {
  // Loaded where a browser is driven only: a run in Node needs no driver.
  const { launchEngine } = await import('../engines/table.ts');
  const browser = await launchEngine(name);
  try {
    return await runInTab(browser, url, request);
  } finally {
    await browser.close();
  }
}

/** In `browser`, which stays open, or in one of its own. */
export async function runSession(
  options: SessionOptions,
  browser?: EngineBrowser,
): Promise<SessionResult> {
  const builds = findBuilds(options);
  const mounts = {
    '/e2e/tools/session/': join(import.meta.dirname, 'session'),
    '/web/src/': join(repositoryRoot, 'web/src'),
    ...options.folders,
    ...Object.fromEntries(
      Object.entries(builds).map(([variant, folder]) => [`/wasm/${variant}/`, folder]),
    ),
  };
  const server = await startStaticServer(mounts, options.bytesPerSecond);
  try {
    const request = makeRequest(options, builds, server.url);
    if (browser) return await runInTab(browser, server.url, request);
    if (options.engine !== 'node') return await runInBrowser(options.engine, server.url, request);
    requireCapableNode();
    return await runCommand(request, request.backend === 'webgpu' ? await startDawn() : undefined);
  } finally {
    server.close();
  }
}
