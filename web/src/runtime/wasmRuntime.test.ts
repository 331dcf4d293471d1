import { describe, expect, test } from 'vitest';
import { FakeWasm } from '../../test-support/fakeWasm.ts';
import { WasmRuntime } from './wasmRuntime.ts';

describe('calling the module', () => {
  test('text goes there and back as UTF-8', () => {
    const runtime = new WasmRuntime(new FakeWasm());
    const { ids } = runtime.call('tokenize', { model: 1, text: 'aß🙂' });
    expect(ids).toEqual([0x61, 0xdf, 0x1f642]);
    expect(runtime.call('detokenize', { model: 1, ids }).text).toBe('aß🙂');
  });

  test('a memory that grows in the call is read where it is now', () => {
    const runtime = new WasmRuntime(new FakeWasm({ heapBytes: 128 }));
    const text = 'x'.repeat(5000);
    expect(runtime.call('tokenize', { model: 1, text }).ids).toHaveLength(5000);
  });

  test('an error of the core keeps its code and message', () => {
    const failing = () => {
      throw Object.assign(new Error('the prompt has 9 tokens'), { code: 'context_full' });
    };
    const runtime = new WasmRuntime(new FakeWasm({ methods: { 'generation.start': failing } }));
    const start = () => runtime.call('generation.start', {} as never);
    expect(start).toThrow(
      expect.objectContaining({ code: 'context_full', message: 'the prompt has 9 tokens' }),
    );
    expect(runtime.call('memory', { model: 1 }).weights_bytes).toBe(1000);
  });

  test('a module that trapped is not called again', () => {
    const trap = () => {
      throw new WebAssembly.RuntimeError('unreachable');
    };
    const module = new FakeWasm({ methods: { memory: trap } });
    const runtime = new WasmRuntime(module);
    expect(() => runtime.call('memory', { model: 1 })).toThrow(/broke in memory: unreachable/);
    expect(() => runtime.call('tokenize', { model: 1, text: 'a' })).toThrow(/broke in memory/);
    expect(module.calls).toHaveLength(1);
  });

  test('running out of memory is told apart', () => {
    const trap = () => {
      throw new WebAssembly.RuntimeError('Aborted(OOM)');
    };
    const runtime = new WasmRuntime(new FakeWasm({ methods: { memory: trap } }));
    expect(() => runtime.call('memory', { model: 1 })).toThrow(
      expect.objectContaining({ code: 'out_of_memory' }),
    );
  });
});
