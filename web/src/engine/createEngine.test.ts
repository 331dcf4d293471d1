import { afterEach, describe, expect, test } from 'vitest';
import { settle } from '../../test-support/fakeClock.ts';
import { fakeCapabilities } from '../../test-support/fakeEngine.ts';
import { makePackage } from '../../test-support/fakeServer.ts';
import type { FakeWasmOptions } from '../../test-support/fakeWasm.ts';
import { makeHost } from '../../test-support/hostEngine.ts';
import type { LoadProgress } from '../loading/progress.ts';
import { createEngine } from './createEngine.ts';
import type { Engine, EngineOptions } from './engine.ts';
import type { ChatMessage } from './openaiTypes.ts';

const messages: ChatMessage[] = [{ role: 'user', content: 'Tell a story' }];
const engines: Engine[] = [];

afterEach(() => {
  for (const engine of engines.splice(0)) engine.dispose();
});

async function start(wasmOptions: FakeWasmOptions = {}, options: Partial<EngineOptions> = {}) {
  const host = makeHost(wasmOptions);
  const engine = await createEngine({ model: 'tiny', ...options }, host.environment);
  engines.push(engine);
  return { ...host, engine };
}

describe('creating an engine', () => {
  test('loads the model and tells how far it is', async () => {
    const told: LoadProgress[] = [];
    const { engine, wasm } = await start({}, { onProgress: (progress) => told.push(progress) });
    expect(wasm.finishedShards.toSorted()).toEqual([0, 1]);
    expect(told[0]).toMatchObject({ phase: 'starting', totalBytes: 0 });
    expect(told.at(-1)).toMatchObject({ phase: 'ready', loadedBytes: 350, totalBytes: 350 });
    expect(engine).toMatchObject({
      model: 'tiny',
      architecture: 'llama',
      contextTokensMax: 4096,
      supportsChat: true,
      samplingDefaults: { temperature: 0.5, top_p: 0.9 },
    });
  });

  test('hands the choice of build and the options on', async () => {
    const { loads, wasm } = await start({}, { threads: 1, kvType: 'f32', activations: 'f32' });
    expect(loads).toMatchObject([{ variant: 'threads', threads: 1 }]);
    expect(wasm.callsOf('model.create')).toMatchObject([
      { options: { threads: 1, kv_type: 'f32', activations: 'f32' } },
    ]);
  });

  test('takes half of the device’s memory as its budget, and no more than Wasm has', async () => {
    const { wasm } = await start();
    const [created] = wasm.callsOf('model.create');
    expect(created).toMatchObject({ options: { memory_budget_bytes: 3.75 * 2 ** 30 } });
    const capabilities = {
      ...fakeCapabilities,
      features: { ...fakeCapabilities.features, deviceMemoryGib: 2 },
    };
    const small = await start({}, { capabilities });
    expect(small.wasm.callsOf('model.create')).toMatchObject([
      { options: { memory_budget_bytes: 2 ** 30 } },
    ]);
  });

  test('tries shorter contexts where memory is short', async () => {
    const contexts: unknown[] = [];
    const create = ({ options }: Record<string, unknown>) => {
      const context = (options as { context_tokens_max?: number }).context_tokens_max;
      contexts.push(context);
      if (context === 1024) return { model: 1, context_tokens_max: 1024, memory: {} };
      throw Object.assign(new Error('over budget'), { code: 'out_of_memory' });
    };
    const methods = {
      'model.create': create,
      'model.shard_spans': () => ({ spans: [] }),
      'model.finish_shard': () => ({}),
    };
    const { engine } = await start({ methods });
    expect(contexts).toEqual([undefined, 2048, 1024]);
    expect(engine.contextTokensMax).toBe(1024);
    contexts.length = 0;
    const insisting = start({ methods }, { contextTokensMax: 3000 });
    await expect(insisting).rejects.toMatchObject({ code: 'out_of_memory' });
    expect(contexts).toEqual([3000]);
  });

  test('an unknown model is an error that names it, and the worker goes', async () => {
    const host = makeHost();
    const creating = createEngine({ model: 'absent' }, host.environment);
    await expect(creating).rejects.toMatchObject({
      code: 'model_not_found',
      message: expect.stringContaining('absent') as string,
    });
    expect(host.state.terminated).toBe(1);
  });

  test('a browser that can run nothing is told what it lacks', async () => {
    const host = makeHost();
    const features = { ...fakeCapabilities.features, simd: false };
    const environment = { ...host.environment, detectFeatures: () => Promise.resolve(features) };
    await expect(createEngine({ model: 'tiny' }, environment)).rejects.toMatchObject({
      code: 'no_backend',
      message: expect.stringContaining('SIMD') as string,
    });
  });

  test('aborting while it loads gives everything back', async () => {
    const host = makeHost({}, makePackage([100, 200, 300]));
    const controller = new AbortController();
    const onProgress = ({ loadedBytes }: LoadProgress) => {
      if (loadedBytes > 0) controller.abort();
    };
    const options = { model: 'tiny', signal: controller.signal, onProgress };
    const creating = createEngine(options, host.environment);
    await expect(creating).rejects.toMatchObject({ code: 'cancelled' });
    expect(host.state.terminated).toBe(1);
    await settle();
    expect(host.server.open).toBe(0);
  });

  test('a worker that breaks while loading is an error', async () => {
    const host = makeHost();
    const creating = createEngine({ model: 'tiny' }, host.environment);
    await Promise.resolve();
    await Promise.resolve();
    host.state.breakWorker('blocked by policy');
    await expect(creating).rejects.toMatchObject({
      code: 'worker_failed',
      message: expect.stringContaining('blocked by policy') as string,
    });
  });
});

describe('a module that does not start', () => {
  async function startAfter(stalls: number, options: Partial<EngineOptions> = {}) {
    const host = makeHost();
    host.state.stalls = stalls;
    const told: LoadProgress[] = [];
    const onProgress = (progress: LoadProgress) => told.push(progress);
    const creating = createEngine({ model: 'tiny', onProgress, ...options }, host.environment);
    const engine = await host.clock.runUntil(creating);
    engines.push(engine);
    const notices = new Set(told.flatMap(({ notice }) => notice ?? []));
    return { ...host, engine, told, notices: [...notices] };
  }

  test('is started once more, with a sentence that says so', async () => {
    const { engine, loads, state, notices, told, clock } = await startAfter(1);
    expect(loads.map(({ threads }) => threads)).toEqual([2, 2]);
    expect(state.terminated).toBe(1);
    expect(notices).toEqual(['This browser did not start 2 threads. Trying again…']);
    expect(told.at(-1)).toMatchObject({ phase: 'ready', notice: null });
    expect(engine.capabilities).toMatchObject({ threads: 2 });
    expect(engine.capabilities.fallback).toBeUndefined();
    expect(clock.now()).toBeLessThanOrEqual(5000);
  });

  test('runs on one thread if it fails again, and keeps saying so', async () => {
    const { engine, loads, state, notices, clock } = await startAfter(2);
    expect(loads.map(({ threads }) => threads)).toEqual([2, 2, 1]);
    expect(state.terminated).toBe(2);
    expect(notices).toHaveLength(2);
    const { threads, fallback, sentences } = engine.capabilities;
    expect(threads).toBe(1);
    expect(fallback).toMatch(/1 thread: this browser did not start 2 threads/);
    expect(sentences.filter((sentence) => sentence.startsWith('It uses'))).toEqual([fallback]);
    expect(clock.now()).toBeLessThanOrEqual(10_000);
  });

  test('on one thread either is an error, and no worker is left', async () => {
    const creating = startAfter(3);
    await expect(creating).rejects.toMatchObject({ code: 'worker_failed' });
  });

  test('is not watched any more once it has started', async () => {
    const { loads, clock } = await startAfter(0);
    expect(loads).toHaveLength(1);
    expect(clock.pendingAlarms).toBe(0);
  });

  test('can be aborted while it stalls', async () => {
    const host = makeHost();
    host.state.stalls = 3;
    const controller = new AbortController();
    const creating = createEngine({ model: 'tiny', signal: controller.signal }, host.environment);
    await settle();
    controller.abort();
    await expect(creating).rejects.toMatchObject({ code: 'cancelled' });
    expect(host.state.terminated).toBe(1);
    expect(host.clock.pendingAlarms).toBe(0);
  });
});

describe('chatting', () => {
  test('streams an answer in OpenAI’s shape', async () => {
    const { engine, wasm } = await start();
    const prefills: number[][] = [];
    const stream = await engine.chat.completions.create({
      messages,
      stream: true,
      stream_options: { include_usage: true },
      onPrefill: (done, total) => prefills.push([done, total]),
    });
    const chunks = [];
    for await (const chunk of stream) chunks.push(chunk);
    expect(chunks.map((chunk) => chunk.choices[0]?.delta.content ?? '').join('')).toBe(
      'Once upon a time',
    );
    expect(chunks[0]?.choices[0]?.delta).toEqual({ role: 'assistant', content: '' });
    expect(chunks.at(-2)?.choices[0]?.finish_reason).toBe('stop');
    expect(chunks.at(-1)).toMatchObject({
      object: 'chat.completion.chunk',
      choices: [],
      usage: { prompt_tokens: 7, completion_tokens: 3, total_tokens: 10 },
    });
    expect(new Set(chunks.map(({ id }) => id)).size).toBe(1);
    expect(prefills).toEqual([[1, 1]]);
    expect(wasm.callsOf('generation.start')).toMatchObject([
      { prompt: '<user>Tell a story<assistant>', temperature: 0.5, top_p: 0.9, top_k: 40 },
    ]);
  });

  test('gives a whole answer', async () => {
    const { engine, wasm } = await start();
    const completion = await engine.chat.completions.create({
      messages,
      temperature: 0,
      top_k: 3,
      seed: 11,
      stop: 'END',
      max_tokens: 9,
    });
    expect(completion).toMatchObject({
      object: 'chat.completion',
      model: 'tiny',
      choices: [
        { message: { role: 'assistant', content: 'Once upon a time' }, finish_reason: 'stop' },
      ],
      usage: { prompt_tokens_details: { cached_tokens: 2 } },
    });
    expect(wasm.callsOf('generation.start')).toMatchObject([
      { temperature: 0, top_k: 3, seed: 11, stop: ['END'], max_tokens: 9 },
    ]);
    expect(engine.timings).toMatchObject({
      promptTokens: 7,
      prefillTokensPerSecond: 100,
      decodeTokensPerSecond: 20,
    });
  });

  test('aborting a stream ends it quietly and stops the model after one step', async () => {
    const { engine, wasm } = await start({ answer: Array<string>(1000).fill(' word') });
    const controller = new AbortController();
    const stream = await engine.chat.completions.create({
      messages,
      stream: true,
      signal: controller.signal,
    });
    let words = 0;
    for await (const chunk of stream) {
      if (chunk.choices[0]?.delta.content) words += 1;
      if (words === 5) controller.abort();
    }
    expect(words).toBe(5);
    await settle();
    await settle();
    const steps = wasm.callsOf('generation.step').length;
    expect(steps).toBeLessThan(12);
    expect(wasm.callsOf('generation.cancel')).toHaveLength(1);
    await settle();
    expect(wasm.callsOf('generation.step')).toHaveLength(steps);
  });

  test('leaving the iteration stops the model too', async () => {
    const { engine, wasm } = await start({ answer: Array<string>(1000).fill(' word') });
    for await (const chunk of await engine.chat.completions.create({ messages, stream: true })) {
      if (chunk.choices[0]?.delta.content) break;
    }
    await settle();
    await settle();
    expect(wasm.callsOf('generation.cancel')).toHaveLength(1);
  });

  test('aborting a stream while the prompt is read gives an empty one', async () => {
    const { engine } = await start({ prefillChunks: 1000 });
    const controller = new AbortController();
    const stream = await engine.chat.completions.create({
      messages,
      stream: true,
      signal: controller.signal,
      onPrefill: () => controller.abort(),
    });
    const finishReasons = [];
    for await (const { choices } of stream) finishReasons.push(choices[0]?.finish_reason);
    expect(finishReasons).toEqual([null]);
  });

  test('aborting a whole answer rejects', async () => {
    const { engine } = await start({ answer: Array<string>(1000).fill(' word') });
    const controller = new AbortController();
    const answer = engine.chat.completions.create({
      messages,
      signal: controller.signal,
      onPrefill: () => controller.abort(),
    });
    await expect(answer).rejects.toMatchObject({ code: 'cancelled' });
  });

  test('two requests take turns, and the second is told that it waits', async () => {
    const { engine, wasm } = await start();
    let wasQueued = false;
    const first = engine.chat.completions.create({ messages });
    const second = engine.chat.completions.create({ messages, onQueued: () => (wasQueued = true) });
    await Promise.all([first, second]);
    expect(wasQueued).toBe(true);
    const order = wasm.calls
      .map(({ method }) => method)
      .filter((name) => /start|timings/.test(name));
    expect(order).toEqual([
      'generation.start',
      'generation.timings',
      'generation.start',
      'generation.timings',
    ]);
  });

  test('a request that cannot be answered rejects, and the next one is answered', async () => {
    let fails = true;
    const startGeneration = () => {
      if (!fails) return { prompt_tokens: 1, cached_tokens: 0, seed: 0 };
      throw Object.assign(new Error('the prompt is too long'), { code: 'context_full' });
    };
    const step = () => ({ phase: 'token', id: 1, text: 'x', finish_reason: 'length' });
    const { engine } = await start({
      methods: { 'generation.start': startGeneration, 'generation.step': step },
    });
    const streaming = engine.chat.completions.create({ messages, stream: true });
    await expect(streaming).rejects.toMatchObject({ code: 'context_full' });
    fails = false;
    const completion = await engine.chat.completions.create({ messages });
    expect(completion.choices[0]?.finish_reason).toBe('length');
  });

  test('log probabilities come in OpenAI’s shape, impossible tokens included', async () => {
    const token = { id: 5, token: 'x', bytes: [120], logprob: -0.5 };
    const step = () => ({
      phase: 'token',
      id: 5,
      text: 'x',
      logprobs: { ...token, top: [token, { ...token, id: 6, token: 'y', logprob: null }] },
      finish_reason: 'stop',
    });
    const { engine, wasm } = await start({ methods: { 'generation.step': step } });
    const request = { messages, logprobs: true, top_logprobs: 2 };
    const completion = await engine.chat.completions.create(request);
    expect(completion.choices[0]?.logprobs?.content).toEqual([
      {
        token: 'x',
        logprob: -0.5,
        bytes: [120],
        top_logprobs: [
          { token: 'x', logprob: -0.5, bytes: [120] },
          { token: 'y', logprob: -10_000, bytes: [120] },
        ],
      },
    ]);
    expect(wasm.callsOf('generation.start')).toMatchObject([{ logprobs: 2 }]);
    await expect(
      engine.chat.completions.create({ ...request, top_logprobs: 21 }),
    ).rejects.toMatchObject({ code: 'invalid_argument' });
  });
});

describe('everything else', () => {
  test('a text goes on', async () => {
    const { engine, wasm } = await start();
    const completion = await engine.completions.create({ prompt: 'In a wood' });
    expect(completion.choices[0]).toMatchObject({
      text: 'Once upon a time',
      finish_reason: 'stop',
    });
    expect(wasm.callsOf('generation.start')).toMatchObject([{ prompt: 'In a wood' }]);
    let text = '';
    const stream = await engine.completions.create({ prompt: 'In a wood', stream: true });
    for await (const { choices } of stream) text += choices[0]?.text ?? '';
    expect(text).toBe('Once upon a time');
  });

  test('memory, tokens and logits', async () => {
    const { engine } = await start();
    expect(await engine.memory()).toMatchObject({ weightsBytes: 1000, heapBytes: 2 ** 20 });
    expect(await engine.tokenize('ab')).toEqual([97, 98]);
    expect(await engine.detokenize([97, 98])).toBe('ab');
    const logits = await engine.forward([3, 4, 5]);
    expect(logits).toEqual({ rows: 3, columns: 1, values: Float32Array.of(3, 4, 5) });
  });

  test('disposing ends what runs, and what comes later is refused', async () => {
    const { engine, state } = await start({ prefillChunks: 1000 });
    const answer = engine.chat.completions.create({ messages });
    await settle();
    engine.dispose();
    await expect(answer).rejects.toMatchObject({ code: 'cancelled' });
    await expect(engine.memory()).rejects.toMatchObject({ code: 'cancelled' });
    expect(state.terminated).toBe(1);
  });

  test('a worker that breaks fails what runs', async () => {
    const { engine, state } = await start({ prefillChunks: 1000 });
    const answer = engine.chat.completions.create({ messages });
    await settle();
    state.breakWorker('out of memory');
    await expect(answer).rejects.toMatchObject({ code: 'worker_failed' });
  });
});
