// An engine whose worker is this very thread, over a fake Wasm module and a fake server.
import type { EngineEnvironment } from '../src/engine/createEngine.ts';
import { hostInference } from '../src/runtime/inferenceHost.ts';
import type { LoadParameters } from '../src/runtime/workerMethods.ts';
import { FakeClock, settle } from './fakeClock.ts';
import { FakeServer, hashOf, makePackage, type FakePackage } from './fakeServer.ts';
import { FakeSockets } from './fakeSocket.ts';
import { FakeWasm, type FakeWasmOptions } from './fakeWasm.ts';
import { fakeCapabilities } from './fakeEngine.ts';
import { MemoryCache } from './memoryCache.ts';
import { MemoryMeasurements } from './memoryMeasurements.ts';

export function makeHost(
  wasmOptions: FakeWasmOptions = {},
  fakePackage: FakePackage = makePackage([50, 300]),
  gpu?: GPU,
) {
  const wasm = new FakeWasm(wasmOptions);
  const server = new FakeServer(fakePackage);
  const clock = new FakeClock();
  const cache = new MemoryCache();
  const measurements = new MemoryMeasurements();
  const sockets = new FakeSockets();
  const loads: LoadParameters[] = [];
  const state = {
    terminated: 0,
    // How many starts of the module never come to an end.
    stalls: 0,
    breakWorker: (_reason: string): void => undefined,
  };

  const environment: EngineEnvironment = {
    startWorker: () => {
      const { port1, port2 } = new MessageChannel();
      const listeners: ((reason: string) => void)[] = [];
      state.breakWorker = (reason) => {
        for (const listener of listeners) listener(reason);
      };
      hostInference(port2, {
        fetch: server.fetch,
        clock,
        sha256: (bytes) => Promise.resolve(hashOf(bytes)),
        openCache: () => Promise.resolve(cache),
        openMeasurementStore: () => Promise.resolve(measurements),
        gpu: () => gpu,
        openSocket: sockets.open,
        loadWasmModule: (parameters, onStarting) => {
          loads.push(parameters);
          onStarting();
          // A start that stalls never settles.
          if (loads.length <= state.stalls) return new Promise(() => undefined);
          return Promise.resolve(wasm);
        },
        yieldToEvents: () => settle(),
      });
      return {
        port: port1,
        onFailure: (listener) => listeners.push(listener),
        terminate: () => {
          state.terminated += 1;
          port1.close();
          port2.close();
        },
      };
    },
    detectFeatures: () => Promise.resolve(fakeCapabilities.features),
    openSocket: sockets.open,
    clock,
    baseUrl: () => 'http://server',
    wasmUrl: () => 'http://server/wasm/',
  };
  return { environment, wasm, server, clock, cache, measurements, sockets, loads, state };
}
