import { afterEach, describe, expect, test } from 'vitest';
import { fakeCapabilities } from '../../test-support/fakeEngine.ts';
import { fakeGpu } from '../../test-support/fakeGpu.ts';
import type { FakeWasmOptions } from '../../test-support/fakeWasm.ts';
import { makeHost } from '../../test-support/hostEngine.ts';
import { createEngine } from '../engine/createEngine.ts';
import type { Engine, EngineOptions } from '../engine/engine.ts';
import { judge } from './measureBackends.ts';

const engines: Engine[] = [];

afterEach(() => {
  for (const engine of engines.splice(0)) engine.dispose();
});

async function start(
  { gpu, state } = fakeGpu(),
  options: Partial<EngineOptions> = {},
  wasmOptions: FakeWasmOptions = {},
) {
  const host = makeHost(wasmOptions, undefined, gpu);
  const engine = await createEngine({ model: 'tiny', ...options }, host.environment);
  engines.push(engine);
  const backends = host.wasm
    .callsOf('model.create')
    .map(({ options: given }) => (given as { backend?: string }).backend ?? 'wasm');
  return { ...host, engine, backends, state };
}

describe('judging a measurement', () => {
  test('takes the faster one and names both', () => {
    const gpuWins = judge({ wasmTokensPerSecond: 9.51, webgpuTokensPerSecond: 812.4 }, 'acme');
    expect(gpuWins.backend).toBe('webgpu');
    expect(gpuWins.sentence).toMatch(/WebGPU on “acme”.* 812 tokens a second.*Wasm 9\.5\./);
    const wasmWins = judge({ wasmTokensPerSecond: 100, webgpuTokensPerSecond: 0 }, 'acme');
    expect(wasmWins.backend).toBe('wasm');
    expect(wasmWins.sentence).toMatch(/on Wasm.* 100 tokens a second.*WebGPU on “acme” 0\.0\./);
  });

  test('takes Wasm where neither is faster', () => {
    expect(judge({ wasmTokensPerSecond: 5, webgpuTokensPerSecond: 5 }, 'acme').backend).toBe(
      'wasm',
    );
  });
});

describe('choosing where a model runs', () => {
  test('measures both with a small model, remembers it, and says why', async () => {
    const { engine, backends, measurements, wasm } = await start();
    expect(backends.slice(0, 2)).toEqual(['wasm', 'webgpu']);
    expect(backends).toHaveLength(3);
    expect(wasm.callsOf('model.release')).toHaveLength(2);
    expect(measurements.entries.size).toBe(1);
    expect(engine.capabilities.backend).toBe(backends[2]);
    expect(engine.capabilities.backendSentence).toMatch(/tokens a second of a small test model/);
    expect(engine.capabilities.sentences).toContain(engine.capabilities.backendSentence);
  });

  test('measures both with the packed KV cache that the model gets', async () => {
    const { backends, wasm } = await start(fakeGpu(), { kvType: '3' });
    expect(backends.slice(0, 2)).toEqual(['wasm', 'webgpu']);
    const types = wasm
      .callsOf('model.create')
      .map(({ options }) => (options as { kv_type: string }).kv_type);
    expect(types).toEqual(['3', '3', '3']);
  });

  test('takes WebGPU for a packed KV cache where it is prescribed', async () => {
    const { engine, backends } = await start(fakeGpu(), { kvType: '4', backend: 'webgpu' });
    expect(backends).toEqual(['webgpu']);
    expect(engine.capabilities.backend).toBe('webgpu');
  });

  test('does not measure what it remembers', async () => {
    const { measurements } = await start();
    const [key = ''] = measurements.entries.keys();
    const host = makeHost({}, undefined, fakeGpu().gpu);
    const fast = { wasmTokensPerSecond: 1, webgpuTokensPerSecond: 2 };
    host.measurements.entries.set(key, fast);
    const engine = await createEngine({ model: 'tiny' }, host.environment);
    engines.push(engine);
    expect(host.wasm.callsOf('model.create')).toMatchObject([{ options: { backend: 'webgpu' } }]);
    expect(engine.capabilities.backend).toBe('webgpu');
  });

  test.each(['wasm', 'webgpu'] as const)(
    'measures nothing where %s is prescribed',
    async (backend) => {
      const { engine, backends, measurements } = await start(fakeGpu(), { backend });
      expect(backends).toEqual([backend]);
      expect(measurements.entries.size).toBe(0);
      expect(engine.capabilities).toMatchObject({
        backend,
        backendSentence: expect.stringContaining('as prescribed') as string,
      });
    },
  );

  test('takes Wasm, and says why, where WebGPU is prescribed but there is none', async () => {
    const without = fakeGpu();
    without.state.hasAdapter = false;
    const { engine, backends } = await start(without, { backend: 'webgpu' });
    expect(backends).toEqual(['wasm']);
    expect(engine.capabilities.backend).toBe('wasm');
    expect(engine.capabilities.backendSentence).toMatch(/no graphics adapter.*on Wasm instead/);
  });

  test('takes Wasm where the device cannot hold the model', async () => {
    const methods = {
      'model.create': ({ options }: Record<string, unknown>) => {
        const { backend } = options as { backend?: string };
        if (backend === 'webgpu') throw Object.assign(new Error('full'), { code: 'out_of_memory' });
        return { model: 1, context_tokens_max: 512, memory: {} };
      },
      'model.shard_spans': () => ({ spans: [] }),
    };
    const { engine, state } = await start(fakeGpu(), { backend: 'webgpu' }, { methods });
    expect(engine.capabilities.backend).toBe('wasm');
    expect(engine.capabilities.backendSentence).toMatch(/^full.*on Wasm instead/);
    expect(state.devices).toBe(0);
  });

  test('gives the GPU a budget of its own', async () => {
    const { wasm } = await start(fakeGpu(), { backend: 'webgpu' });
    const { deviceMemoryGib } = fakeCapabilities.features;
    expect(wasm.callsOf('model.create')).toMatchObject([
      { options: { memory_budget_bytes: ((deviceMemoryGib ?? 0) / 2) * 2 ** 30 } },
    ]);
  });
});
