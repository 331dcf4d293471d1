// An engine in Node over the built Wasm modules, with story15m out of this repository, or with a
// model of random weights that is small enough for a software GPU.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { wasmFolder } from '../build/wasmFiles.ts';
import { detectFeatures } from '../src/capabilities/features.ts';
import { systemClock } from '../src/clock.ts';
import { createEngine } from '../src/engine/createEngine.ts';
import type { Engine, EngineOptions } from '../src/engine/engine.ts';
import { sha256 } from '../src/loading/sha256.ts';
import { hostInference } from '../src/runtime/inferenceHost.ts';
import { loadWasmModule } from '../src/runtime/wasmModule.ts';
import { createYield } from '../src/runtime/yieldToEvents.ts';
import { FakeSockets } from './fakeSocket.ts';
import { tinyShapeOf } from './tinyShape.ts';
import { fetchFromFolder } from './packageFolder.ts';

const repository = resolve(import.meta.dirname, '../..');
const tessera = process.env['TESSERA_NATIVE'] ?? join(repository, 'build/native/tessera');
const source = join(repository, 'tests/models/story15m');

export function readStory15m(path: string): unknown {
  return JSON.parse(readFileSync(join(source, path), 'utf8'));
}

export interface MadePackage {
  start(options: Partial<EngineOptions>, gpu?: GPU): Promise<Engine>;
  remove(): void;
}

// REQUIRES: the presets native and wasm-* are built.
export function convertStory15m(weights: string): MadePackage {
  return makePackage('story15m', ['convert', source, '--weights', weights]);
}

// REQUIRES: as convertStory15m.
export function synthesizeTiny(weights = 'q4'): MadePackage {
  return makePackage('tiny', ['synthesize', ...tinyShapeOf(weights)]);
}

function makePackage(name: string, command: string[]): MadePackage {
  const folder = mkdtempSync(join(tmpdir(), 'tessera-package-'));
  const out = ['--out', join(folder, name), '--name', name];
  execFileSync(tessera, [...command, ...out], { stdio: 'pipe' });
  return {
    start: (engineOptions, gpu) =>
      startEngine({ model: name, ...engineOptions }, join(folder, name), gpu),
    remove: () => rmSync(folder, { recursive: true }),
  };
}

async function startEngine(
  options: EngineOptions,
  folder: string,
  gpu: GPU | undefined,
): Promise<Engine> {
  const startWorker = () => {
    const { port1, port2 } = new MessageChannel();
    hostInference(port2, {
      fetch: fetchFromFolder(folder, options.model),
      clock: systemClock,
      sha256,
      openCache: () => Promise.resolve(null),
      openMeasurementStore: () => Promise.resolve(null),
      openSocket: new FakeSockets().open,
      gpu: () => gpu,
      loadWasmModule: ({ threads, variant }) => {
        const wasmUrl = pathToFileURL(`${wasmFolder(variant)}/`).href;
        return loadWasmModule(wasmUrl, variant, threads);
      },
      yieldToEvents: createYield(),
    });
    return { port: port1, onFailure: () => undefined, terminate: () => port1.close() };
  };
  return createEngine(options, {
    startWorker,
    detectFeatures,
    openSocket: new FakeSockets().open,
    clock: systemClock,
    baseUrl: () => 'http://server',
    wasmUrl: () => 'http://server/wasm/',
  });
}
