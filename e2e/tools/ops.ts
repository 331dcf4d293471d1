/**
 * npm run --silent ops -- --engine node|chromium|firefox --features f32|f16|subgroups|bytes|all
 *   [--all] [--op NAME] [--binding-bytes-max N] [--subgroup-size N] [--unfused] [--json]
 * Runs op cases on the engine's GPU and prints each one's error against the double-precision
 * reference. The short list of cases unless --all. Exits 1 if one is above its tolerance.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { choose, runTool } from './commandLine.ts';
import { startDawn } from './dawn.ts';
import { writeOpTable } from './opTable/nativeOpTable.ts';
import type { CaseOutcome, OpTableFile } from './opTable/opTableFile.ts';
import { featureSets, OpTableRun, requestOpDevice, type FeatureSet } from './opTable/runOpTable.ts';
import { startStaticServer } from './staticServer.ts';
import { repositoryRoot } from './wasmBuilds.ts';

const opEngines = ['node', 'chromium', 'firefox'] as const;
type OpEngine = (typeof opEngines)[number];

function readOptions() {
  const { values } = parseArgs({
    options: {
      engine: { type: 'string', default: 'node' },
      features: { type: 'string', default: 'f32' },
      all: { type: 'boolean', default: false },
      op: { type: 'string' },
      'binding-bytes-max': { type: 'string' },
      'subgroup-size': { type: 'string' },
      unfused: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
    },
  });
  const recording = [
    ...(values['subgroup-size'] === undefined ? [] : ['--subgroup-size', values['subgroup-size']]),
    ...(values.all ? ['--all'] : []),
    ...(values.unfused ? ['--unfused'] : []),
    ...(values.op === undefined ? [] : ['--op', values.op]),
    ...(values['binding-bytes-max'] === undefined
      ? []
      : ['--binding-bytes-max', values['binding-bytes-max']]),
  ];
  return {
    engine: choose('engine', values.engine, opEngines),
    features: choose('features', values.features, featureSets),
    recording,
    json: values.json,
  };
}

function missing(engine: OpEngine, features: FeatureSet): Error {
  return new Error(`the adapter of ${engine} has no ${features}`);
}

async function runInNode(text: string, features: FeatureSet): Promise<CaseOutcome[]> {
  const device = await requestOpDevice(await startDawn(), features);
  if (!device) throw missing('node', features);
  const table = JSON.parse(text) as OpTableFile;
  const run = new OpTableRun(device, table);
  const outcomes: CaseOutcome[] = [];
  for (const one of table.cases) outcomes.push(await run.runCase(one));
  return outcomes;
}

interface Message {
  outcome?: CaseOutcome;
  missing?: FeatureSet;
  error?: string;
}

async function runInTab(
  engine: 'chromium' | 'firefox',
  folder: string,
  features: FeatureSet,
): Promise<CaseOutcome[]> {
  const server = await startStaticServer({
    '/e2e/tools/opTable/': join(import.meta.dirname, 'opTable'),
    '/web/src/gpu/': join(repositoryRoot, 'web/src/gpu'),
    '/table/': folder,
  });
  // Loaded where a browser is driven only: a run in Node needs no driver.
  const { launchEngine } = await import('../engines/table.ts');
  const browser = await launchEngine(engine);
  try {
    const page = await (await browser.newContext()).newPage();
    await page.goto(`${server.url}/`);
    const { outcomes, message } = await page.evaluate(
      (request: { url: string; features: string }) =>
        new Promise<{ outcomes: CaseOutcome[]; message: Message }>((settle) => {
          const received: CaseOutcome[] = [];
          const worker = new Worker('/e2e/tools/opTable/worker.ts', { type: 'module' });
          worker.onmessage = ({ data }: MessageEvent<Message>) => {
            if (data.outcome) received.push(data.outcome);
            else settle({ outcomes: received, message: data });
          };
          worker.onerror = (event) =>
            settle({ outcomes: received, message: { error: event.message || 'worker failed' } });
          worker.postMessage(request);
        }),
      { url: `${server.url}/table/table.json`, features },
    );
    if (message.missing) throw missing(engine, message.missing);
    if (message.error !== undefined) throw new Error(message.error);
    return outcomes;
  } finally {
    await browser.close();
    server.close();
  }
}

function printTable(outcomes: CaseOutcome[], engine: OpEngine, features: FeatureSet): void {
  const width = Math.max(...outcomes.map(({ name }) => name.length));
  for (const { op, name, dispatches, error, tolerance, passed, message } of outcomes) {
    const numbers = `${error.toExponential(2).padStart(9)}  ${tolerance.toExponential(1)}`;
    const verdict = passed ? 'ok' : `FAILED ${message ?? ''}`;
    const count = String(dispatches).padStart(4);
    console.log(`${op.padEnd(16)} ${name.padEnd(width)} ${count}  ${numbers}  ${verdict}`);
  }
  console.log(`\nLargest relative error of each op on ${engine}, ${features}:`);
  for (const op of new Set(outcomes.map((outcome) => outcome.op))) {
    const own = outcomes.filter((outcome) => outcome.op === op);
    const worst = Math.max(...own.map(({ error }) => error));
    console.log(`${op.padEnd(16)} ${worst.toExponential(2).padStart(9)}  ${own.length} cases`);
  }
}

async function runInEngine(engine: OpEngine, features: FeatureSet, text: string) {
  if (engine === 'node') return runInNode(text, features);
  const folder = mkdtempSync(join(tmpdir(), 'tessera-ops-'));
  try {
    writeFileSync(join(folder, 'table.json'), text);
    return await runInTab(engine, folder, features);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function ops(): Promise<number> {
  const { engine, features, recording, json } = readOptions();
  const text = writeOpTable(['--features', features, ...recording]);
  const outcomes = await runInEngine(engine, features, text);
  const passed = outcomes.every((outcome) => outcome.passed);
  if (json) console.log(JSON.stringify({ engine, features, passed, cases: outcomes }));
  else printTable(outcomes, engine, features);
  return passed && outcomes.length > 0 ? 0 : 1;
}

await runTool('ops', ops);
