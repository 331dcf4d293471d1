// The built Wasm module with a GPUDevice, under Node with Dawn: the same answers as on Wasm.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createDawn } from '../../test-support/dawn.ts';
import {
  convertStory15m,
  readStory15m,
  synthesizeTiny,
  type MadePackage,
} from '../../test-support/nodeEngine.ts';
import type { Engine, EngineOptions } from '../engine/engine.ts';

interface Reference {
  greedy: { prompt: string; ids: number[]; text: string }[];
}

// Dawn's devices, so that a test can take one away.
function watchDevices(gpu: GPU): { gpu: GPU; devices: GPUDevice[] } {
  const devices: GPUDevice[] = [];
  const requestAdapter = async () => {
    const adapter = await gpu.requestAdapter();
    if (!adapter) return null;
    const { features, limits, info } = adapter;
    const requestDevice = async (descriptor?: GPUDeviceDescriptor) => {
      const device = await adapter.requestDevice(descriptor);
      devices.push(device);
      return device;
    };
    return { features, limits, info, requestDevice };
  };
  return { gpu: { requestAdapter } as unknown as GPU, devices };
}

let tiny: MadePackage;
let engine: Engine;
const notices: string[] = [];
const { gpu, devices } = watchDevices(createDawn());
const options: Partial<EngineOptions> = { variant: 'simd' };

beforeAll(async () => {
  tiny = synthesizeTiny();
  const onNotice = (sentence: string) => notices.push(sentence);
  engine = await tiny.start({ ...options, backend: 'webgpu', onNotice }, gpu);
});

afterAll(() => {
  engine.dispose();
  tiny.remove();
});

const greedy = { temperature: 0, repetition_penalty: 1, ignore_end: true };
const request = { prompt: 'Once upon a time', ...greedy, max_tokens: 40 };

describe('a model on WebGPU', () => {
  test('lies in memory of the GPU, within its budget', async () => {
    const memory = await engine.memory();
    expect(engine.capabilities.backend).toBe('webgpu');
    const { weightsBytes, kvCacheBytes, activationsBytes, budgetBytes, gpuBytes } = memory;
    expect(gpuBytes).toBeGreaterThanOrEqual(weightsBytes + kvCacheBytes);
    expect(weightsBytes + kvCacheBytes + activationsBytes).toBeLessThanOrEqual(budgetBytes);
  });

  test('gives the text that it gives on Wasm', async () => {
    const onWasm = await tiny.start({ ...options, backend: 'wasm', activations: 'f32' });
    const expected = await onWasm.completions.create(request);
    const given = await engine.completions.create(request);
    expect(given.choices[0]?.text).toBe(expected.choices[0]?.text);
    expect(given.usage.completion_tokens).toBe(40);
    onWasm.dispose();
  });

  test('chats over two turns, and keeps what both have in common', async () => {
    const messages = [{ role: 'user' as const, content: 'Tell me about a dog.' }];
    const settings = { temperature: 0.8, seed: 5, max_tokens: 8 };
    const first = await engine.chat.completions.create({ messages, ...settings });
    const again = await engine.chat.completions.create({ messages, ...settings });
    const answer = first.choices[0]?.message.content ?? '';
    expect(answer).not.toBe('');
    expect(again.choices[0]?.message.content).toBe(answer);
    const second = await engine.chat.completions.create({
      messages: [
        ...messages,
        { role: 'assistant', content: answer },
        { role: 'user', content: 'And then?' },
      ],
      ...settings,
    });
    expect(second.usage.prompt_tokens_details.cached_tokens).toBeGreaterThan(5);
  });

  test('stops in mid-answer and answers the next request', async () => {
    const controller = new AbortController();
    const { signal } = controller;
    let chunks = 0;
    const stream = await engine.completions.create({ ...request, stream: true, signal });
    for await (const _chunk of stream) if (++chunks === 3) controller.abort();
    expect(chunks).toBe(3);
    const next = await engine.completions.create({ ...request, max_tokens: 2 });
    expect(next.usage.completion_tokens).toBe(2);
  });

  test('goes on on a new device when its own is lost in mid-answer', async () => {
    const undisturbed = await engine.completions.create(request);
    let text = '';
    let chunks = 0;
    for await (const chunk of await engine.completions.create({ ...request, stream: true })) {
      text += chunk.choices[0]?.text ?? '';
      if (++chunks === 8) devices.at(-1)?.destroy();
    }
    expect(text).toBe(undisturbed.choices[0]?.text);
    expect(devices).toHaveLength(2);
    expect(notices).toHaveLength(1);
    expect(notices[0]).toMatch(/graphics device was lost.*loaded again on a new one/);
    expect(engine.capabilities.backend).toBe('webgpu');
  });

  test('goes on on Wasm when no device lasts', async () => {
    const undisturbed = await engine.completions.create(request);
    let text = '';
    let chunks = 0;
    for await (const chunk of await engine.completions.create({ ...request, stream: true })) {
      text += chunk.choices[0]?.text ?? '';
      if (++chunks % 5 === 0) devices.at(-1)?.destroy();
    }
    expect(text).toBe(undisturbed.choices[0]?.text);
    expect(engine.capabilities.backend).toBe('wasm');
    expect(notices.at(-1)).toMatch(/runs on Wasm instead/);
    expect((await engine.memory()).gpuBytes).toBe(0);
  });
});

describe('choosing by measurement', () => {
  test('a software adapter does not win over Wasm', async () => {
    const measured = await tiny.start(options, gpu);
    expect(measured.capabilities.backend).toBe('wasm');
    expect(measured.capabilities.backendSentence).toMatch(/\d tokens a second/);
    measured.dispose();
  });
});

describe('weights whose scales are bytes', () => {
  test.each(['q4s', 'q3', 'q2'])(
    '%s give on WebGPU the text that they give on Wasm',
    async (weights) => {
      const low = synthesizeTiny(weights);
      const texts: (string | undefined)[] = [];
      for (const backend of ['wasm', 'webgpu'] as const) {
        const started = await low.start({ ...options, backend, activations: 'f32' }, gpu);
        expect(started.capabilities.backend).toBe(backend);
        texts.push((await started.completions.create(request)).choices[0]?.text);
        started.dispose();
      }
      expect(texts[0]).not.toBe('');
      expect(texts[1]).toBe(texts[0]);
      low.remove();
    },
  );
});

describe('story15m on WebGPU', () => {
  test('goes on with a prompt as the reference does', async () => {
    const { greedy: references } = readStory15m('reference.json') as Reference;
    const story15m = convertStory15m('q8');
    const storyteller = await story15m.start({ ...options, backend: 'webgpu' }, gpu);
    const { prompt = '', text = '' } = references[0] ?? {};
    const sent = { prompt, temperature: 0, repetition_penalty: 1, max_tokens: 6 };
    const given = (await storyteller.completions.create(sent)).choices[0]?.text ?? '';
    expect(given.length).toBeGreaterThan(10);
    expect(text.slice(prompt.length, prompt.length + given.length)).toBe(given);
    storyteller.dispose();
    story15m.remove();
  });
});
