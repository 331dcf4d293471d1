/** Runs one command of session/ in an engine: in a worker of a blank tab, or in this Node. */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { engineNames, type EngineName } from '../engines/page.ts';
import { launchEngine } from '../engines/table.ts';
import {
  runCommand,
  type SessionCommand,
  type SessionRequest,
  type SessionResult,
} from './session/runCommand.ts';
import { startStaticServer } from './staticServer.ts';
import { findWasmBuild, wasmVariants, type WasmVariant } from './wasmBuilds.ts';

export const sessionEngines = ['node', ...engineNames] as const;
export type SessionEngine = (typeof sessionEngines)[number];

export interface SessionOptions {
  engine: SessionEngine;
  /** Null: the strongest that the engine runs. */
  variant: WasmVariant | null;
  /** Served as /package/. */
  packageFolder: string;
  /** Served as /source/. */
  sourceFolder: string;
  /** Addresses in it begin with "/" and are of the server that this module starts. */
  command: SessionCommand;
}

/** Node below 22 computes wrong relaxed dot products, so it never gets that build. */
function requireCapableNode(): void {
  const major = Number(process.versions.node.split('.')[0]);
  if (major < 22) throw new Error(`Node ${major} computes relaxed SIMD wrongly; use 22 or newer`);
}

function builtVariants(options: SessionOptions): WasmVariant[] {
  const wanted = options.variant ? [options.variant] : [...wasmVariants];
  const built = wanted.filter((variant) => findWasmBuild(variant));
  if (built.length === 0)
    throw new Error(`no Wasm build (${wanted.join(', ')}); run scripts/build`);
  return built;
}

function makeRequest(options: SessionOptions, variants: WasmVariant[], url: string) {
  const builds = variants.map((variant) => {
    const name = `tessera-${variant}`;
    const inNode = pathToFileURL(join(findWasmBuild(variant) ?? '', `${name}.mjs`)).href;
    const inTab = `${url}/${variant}/${name}.mjs`;
    const moduleUrl = options.engine === 'node' ? inNode : inTab;
    return { variant, moduleUrl, wasmUrl: `${url}/${variant}/${name}.wasm` };
  });
  const { command } = options;
  const packageUrl = url + command.packageUrl;
  const served =
    command.type === 'verify'
      ? { ...command, packageUrl, referenceUrl: url + command.referenceUrl }
      : { ...command, packageUrl };
  return { builds, command: served } satisfies SessionRequest;
}

async function runInTab(
  name: EngineName,
  url: string,
  request: SessionRequest,
): Promise<SessionResult> {
  const browser = await launchEngine(name);
  try {
    const context = await browser.newContext();
    const page = await context.newPage();
    await page.goto(`${url}/`);
    const reply = await page.evaluate(
      (sent: SessionRequest) =>
        new Promise<{ result?: SessionResult; error?: string }>((resolve) => {
          const worker = new Worker('/session/worker.ts', { type: 'module' });
          worker.onmessage = (event: MessageEvent) => resolve(event.data as object);
          worker.onerror = (event) => resolve({ error: event.message || 'the worker failed' });
          worker.postMessage(sent);
        }),
      request,
    );
    if (!reply.result) throw new Error(reply.error ?? 'the worker gave no result');
    return reply.result;
  } finally {
    await browser.close();
  }
}

export async function runSession(options: SessionOptions): Promise<SessionResult> {
  const variants = builtVariants(options);
  const wasmMounts = variants.map((name) => [`/${name}/`, findWasmBuild(name) ?? ''] as const);
  const server = await startStaticServer({
    '/session/': join(import.meta.dirname, 'session'),
    '/package/': options.packageFolder,
    '/source/': options.sourceFolder,
    ...Object.fromEntries(wasmMounts),
  });
  try {
    const request = makeRequest(options, variants, server.url);
    if (options.engine !== 'node') return await runInTab(options.engine, server.url, request);
    requireCapableNode();
    return await runCommand(request);
  } finally {
    server.close();
  }
}
