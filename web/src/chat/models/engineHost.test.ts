import { describe, expect, it } from 'vitest';
import {
  createFakeEngine,
  type FakeEngine,
  fakeCapabilities,
} from '../../../test-support/fakeEngine.ts';
import { type EngineOptions, TesseraError } from '../../index.ts';
import { EngineHost, type EngineState } from './engineHost.ts';
import type { Platform } from './platform.ts';
import { RunnerHost } from './runnerHost.ts';

const kModels = [
  { name: 'small', architecture: 'llama', sizeBytes: 10, contextTokensMax: 2048 },
  { name: 'large', architecture: 'llama', sizeBytes: 90, contextTokensMax: 8192 },
];

function start(changes: Partial<Platform> = {}, requested: string | null = null) {
  const asked: EngineOptions[] = [];
  const engines: FakeEngine[] = [];
  const platform: Platform = {
    detectCapabilities: () => Promise.resolve(fakeCapabilities),
    readOverrides: () => ({}),
    listModels: () => Promise.resolve(kModels),
    createEngine: async (options) => {
      asked.push(options);
      const engine = await createFakeEngine()(options);
      engines.push(engine);
      return engine;
    },
    ...changes,
  };
  const overrides = { threads: 1 };
  const host = new EngineHost({
    platform,
    overrides,
    requestedModel: requested,
    lastModel: 'large',
    onNotice: () => undefined,
  });
  const states: EngineState['type'][] = [];
  host.state.subscribe((state) => states.push(state.type));
  return { host, asked, engines, states };
}

describe('the model of a tab', () => {
  it('is the one of the last visit, loaded with the overrides of the address', async () => {
    const { host, asked, states } = start();
    await host.start();
    expect(asked[0]).toMatchObject({ model: 'large', threads: 1 });
    expect(states[0]).toBe('listing');
    expect(states.at(-1)).toBe('ready');
    expect(new Set(states)).toEqual(new Set(['listing', 'loading', 'ready']));
  });

  it('is the one that the address names', async () => {
    const { host, asked } = start({}, 'small');
    await host.start();
    expect(asked[0]?.model).toBe('small');
  });

  it('is not found where the address names one that the server does not offer', async () => {
    const { host, asked } = start({}, 'gigantic');
    await host.start();
    expect(asked).toEqual([]);
    expect(host.state.value).toMatchObject({ type: 'failed', model: 'gigantic' });
    const { error } = host.state.value as { error: TesseraError };
    expect(error.code).toBe('not_found');
    expect(error.message).toContain('small, large');
  });

  it('is replaced: the old one is freed', async () => {
    const { host, engines } = start();
    await host.start();
    await host.load('small');
    expect(engines.map((engine) => engine.isDisposed)).toEqual([true, false]);
    expect(host.engine?.model).toBe('small');
  });

  it('that loads while another is chosen never becomes ready', async () => {
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    const made: FakeEngine[] = [];
    const { host } = start({
      createEngine: async (options) => {
        if (options.model === 'large') await held;
        const engine = await createFakeEngine()({ ...options, signal: undefined });
        made.push(engine);
        return engine;
      },
    });
    const first = host.start();
    while (host.state.value.type !== 'loading') await Promise.resolve();
    const second = host.load('small');
    release();
    await Promise.all([first, second]);
    expect(host.engine?.model).toBe('small');
    expect(made.find((engine) => engine.model === 'large')?.isDisposed).toBe(true);
  });

  it('can be tried again after a failure, and with a smaller context', async () => {
    let fails = true;
    const contexts: (number | undefined)[] = [];
    const { host } = start({
      createEngine: (options) => {
        contexts.push(options.contextTokensMax);
        const loadError = new TesseraError('out_of_memory', 'Too much.');
        return createFakeEngine(fails ? { loadError } : {})(options);
      },
    });
    await host.start();
    expect(host.state.value).toMatchObject({ type: 'failed', model: 'large' });
    await host.loadWithSmallerContext();
    await host.loadWithSmallerContext();
    fails = false;
    await host.retry();
    expect(contexts).toEqual([undefined, 4096, 2048, 2048]);
    expect(host.state.value.type).toBe('ready');
  });

  it('is waited for, until it comes, fails or nobody waits any more', async () => {
    const { host } = start();
    const abort = new AbortController();
    const abandoned = host.whenReady(abort.signal);
    abort.abort();
    await expect(abandoned).rejects.toMatchObject({ code: 'cancelled' });
    const waiting = host.whenReady(new AbortController().signal);
    await host.start();
    expect((await waiting).model).toBe('large');
  });

  it('is asked for again from the start where the list of models failed', async () => {
    let isUp = false;
    const { host } = start({
      listModels: () =>
        isUp ? Promise.resolve(kModels) : Promise.reject(new TesseraError('network', 'Down.')),
    });
    await host.start();
    expect(host.state.value).toMatchObject({ type: 'failed', model: null });
    isUp = true;
    await host.retry();
    expect(host.state.value.type).toBe('ready');
  });
});

describe('answering API requests', () => {
  it('begins with the model and ends with the switch', async () => {
    const { host } = start();
    const runner = new RunnerHost(host, true);
    expect(runner.state.value.type).toBe('no_model');
    await host.start();
    expect(runner.state.value.type).toBe('serving');
    runner.setOn(false);
    expect(runner.state.value.type).toBe('off');
    runner.setOn(true);
    expect(runner.state.value.type).toBe('serving');
  });

  it('goes on with the next model', async () => {
    const { host } = start();
    const runner = new RunnerHost(host, true);
    await host.start();
    await host.load('small');
    expect(runner.state.value.type).toBe('serving');
  });

  it('says when the server is gone', async () => {
    const { host, engines } = start();
    const runner = new RunnerHost(host, true);
    await host.start();
    engines[0]?.setRunnerState({ type: 'waiting', retryAtMs: 5, reason: 'closed' });
    expect(runner.state.value).toMatchObject({ type: 'waiting', retryAtMs: 5 });
  });
});
