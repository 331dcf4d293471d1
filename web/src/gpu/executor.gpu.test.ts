// The executor on a real device: hand-written commands in, bytes out.
import { afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { bytesOf, CommandWriter } from '../../test-support/commandWriter.ts';
import { createDawn } from '../../test-support/dawn.ts';
import type { TesseraError } from '../tesseraError.ts';
import { acquireDevice, type AcquiredDevice } from './device.ts';
import { CommandExecutor, type ExecutorOptions } from './executor.ts';
import { Profiler } from './profiler.ts';

// Adds a constant and a uniform to every word.
const addCode = `
override kAddend: u32 = 0;
struct Parameters { count: u32, addend: u32 }
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read_write> words: array<u32>;
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x < parameters.count) { words[id.x] += parameters.addend + kAddend; }
}`;

const add = (kAddend: number) => ({
  label: `add ${kAddend}`,
  code: addCode,
  constants: { kAddend },
});
const all = (buffer: number, sizeBytes: number) => [{ buffer, offsetBytes: 0, sizeBytes }];

let gpu: GPU;
let acquired: AcquiredDevice;
const executors: CommandExecutor[] = [];

beforeAll(async () => {
  gpu = createDawn();
  acquired = await acquireDevice(gpu);
});

afterEach(() => {
  for (const executor of executors.splice(0)) executor.dispose();
});

function start(from: AcquiredDevice = acquired, options: Partial<ExecutorOptions> = {}) {
  const reads = new Map<number, number[]>();
  const failures: TesseraError[] = [];
  const listeners = new Set<() => void>();
  const tell = () => {
    for (const listener of listeners) listener();
  };
  const executor = new CommandExecutor({
    device: from.device,
    lost: from.lost,
    usesErrorScopes: true,
    onRead: (ticket, bytes) => {
      reads.set(ticket, [...new Uint32Array(bytes.buffer)]);
      tell();
    },
    onFailure: (error) => {
      failures.push(error);
      tell();
    },
    ...options,
  });
  executors.push(executor);
  const until = (isDone: () => boolean) =>
    new Promise<void>((resolve) => {
      const check = () => {
        if (!isDone()) return;
        listeners.delete(check);
        resolve();
      };
      listeners.add(check);
      check();
    });
  const read = async (ticket: number) => {
    await until(() => reads.has(ticket) || failures.length > 0);
    return reads.get(ticket) ?? failures[0]?.message;
  };
  const failure = async () => {
    await until(() => failures.length > 0);
    return failures[0];
  };
  return { executor, read, failure, writer: new CommandWriter() };
}

describe('the device', () => {
  test('is described by the limits that were requested, not by the defaults', () => {
    const { limits, device } = acquired;
    expect(limits.buffer_bytes_max).toBe(Math.min(device.limits.maxBufferSize, 2 ** 32 - 256));
    expect(limits.binding_bytes_max).toBeGreaterThanOrEqual(128 * 2 ** 20);
    expect(limits.workgroup_invocations_max).toBeGreaterThanOrEqual(256);
    expect(limits.subgroup_size_min).toBeLessThanOrEqual(limits.subgroup_size_max);
    expect(limits.uses_f16).toBe(limits.has_f16);
  });

  test('uses no optional feature where f32 is prescribed, though it has them', async () => {
    const { limits, device } = await acquireDevice(gpu, { features: 'f32' });
    expect(limits).toMatchObject({ uses_f16: false, uses_subgroups: false });
    expect(limits.has_f16).toBe(device.features.has('shader-f16'));
    device.destroy();
  });
});

describe('executing commands', () => {
  test('writes, runs a list and reads the result', async () => {
    const { executor, read, writer } = start();
    executor.execute(
      writer
        .createBuffer(1, 12)
        .createBuffer(2, 256, 'uniform')
        .writeBuffer(1, 0, bytesOf([10, 20, 30]))
        .writeBuffer(2, 0, bytesOf([3, 5]))
        .createPipeline(3, add(100))
        .defineList(4, 2, [{ pipeline: 3, uniform: [0, 8], bindings: all(1, 12) }])
        .runList(4)
        .readBuffer(5, 1, 0, 12)
        .take(),
    );
    expect(await read(5)).toEqual([115, 125, 135]);
    expect(executor.dispatchCount).toBe(1);
    expect(executor.bufferBytes).toBe(12 + 256);
  });

  test('submits once, however many lists run, and waits for no pipeline twice', async () => {
    const own = await acquireDevice(gpu);
    const { executor, read, writer } = start(own);
    executor.execute(
      writer
        .createBuffer(1, 4)
        .createBuffer(2, 256, 'uniform')
        .writeBuffer(2, 0, bytesOf([1, 1]))
        .createPipeline(3, add(0))
        .defineList(4, 2, [{ pipeline: 3, uniform: [0, 8], bindings: all(1, 4) }])
        .take(),
    );
    await executor.compiled();
    const submit = vi.spyOn(own.device.queue, 'submit');
    const bind = vi.spyOn(own.device, 'createBindGroup');
    for (const ticket of [5, 6]) {
      executor.execute(writer.runList(4).runList(4).readBuffer(ticket, 1, 0, 4).take());
    }
    expect(submit).toHaveBeenCalledTimes(2);
    expect(bind).toHaveBeenCalledTimes(1);
    expect([await read(5), await read(6)]).toEqual([[2], [4]]);
  });

  test('a write between two runs of a list is seen by the second alone', async () => {
    const { executor, read, writer } = start();
    executor.execute(
      writer
        .createBuffer(1, 4)
        .createBuffer(2, 256, 'uniform')
        .createPipeline(3, add(0))
        .defineList(4, 2, [{ pipeline: 3, uniform: [0, 8], bindings: all(1, 4) }])
        .writeBuffer(2, 0, bytesOf([1, 1]))
        .runList(4)
        .writeBuffer(2, 0, bytesOf([1, 1000]))
        .runList(4)
        .readBuffer(5, 1, 0, 4)
        .writeBuffer(1, 0, bytesOf([7]))
        .readBuffer(6, 1, 0, 4)
        .take(),
    );
    expect(await read(5)).toEqual([1001]);
    expect(await read(6)).toEqual([7]);
  });

  test('dispatches of a list see what those before them wrote', async () => {
    const { executor, read, writer } = start();
    const dispatches = [1, 10, 100].map((_, index) => ({
      pipeline: 10 + index,
      uniform: [256 * index, 8] as [number, number],
      bindings: all(1, 4),
    }));
    writer.createBuffer(1, 4).createBuffer(2, 1024, 'uniform');
    for (const index of [0, 1, 2]) {
      writer.createPipeline(10 + index, add(10 ** index));
      writer.writeBuffer(2, 256 * index, bytesOf([1, index]));
    }
    executor.execute(writer.defineList(4, 2, dispatches).runList(4).readBuffer(5, 1, 0, 4).take());
    expect(await read(5)).toEqual([114]);
  });

  test('a buffer that grows keeps what was in it, and lists go on with it', async () => {
    const { executor, read, writer } = start();
    executor.execute(
      writer
        .createBuffer(1, 8)
        .createBuffer(2, 256, 'uniform')
        .writeBuffer(1, 0, bytesOf([1, 2]))
        .writeBuffer(2, 0, bytesOf([2, 1]))
        .createPipeline(3, add(0))
        .defineList(4, 2, [{ pipeline: 3, uniform: [0, 8], bindings: all(1, 8) }])
        .runList(4)
        .resizeBuffer(1, 16)
        .runList(4)
        .readBuffer(5, 1, 0, 16)
        .take(),
    );
    expect(await read(5)).toEqual([3, 4, 0, 0]);
    expect(executor.bufferBytes).toBe(16 + 256);
  });

  test('commands that come while pipelines are compiled are done after them, in order', async () => {
    const { executor, read, writer } = start();
    executor.execute(
      writer
        .createBuffer(1, 4)
        .createBuffer(2, 256, 'uniform')
        .writeBuffer(2, 0, bytesOf([1, 1]))
        .createPipeline(3, add(6))
        .defineList(4, 2, [{ pipeline: 3, uniform: [0, 8], bindings: all(1, 4) }])
        .runList(4)
        .take(),
    );
    const bytes = bytesOf([50]);
    executor.writeBuffer(1, 0, bytes);
    bytes.fill(0);
    executor.execute(writer.runList(4).readBuffer(5, 1, 0, 4).take());
    await executor.settled();
    expect(await read(5)).toEqual([57]);
  });

  test('reads of many sizes at once come to their own tickets', async () => {
    const { executor, read, writer } = start();
    const values = Array.from({ length: 1000 }, (_, index) => index);
    writer.createBuffer(1, 4000).writeBuffer(1, 0, bytesOf(values));
    for (const ticket of values.slice(1, 20)) writer.readBuffer(ticket, 1, 4 * ticket, 8 * ticket);
    executor.execute(writer.take());
    for (const ticket of values.slice(1, 20)) {
      expect(await read(ticket)).toEqual(values.slice(ticket, 3 * ticket));
    }
  });

  test('tells how long each kernel took, where the adapter has a clock', async () => {
    if (!acquired.hasTimestamps) return;
    const profiler = new Profiler(acquired.device);
    const { executor, read, writer } = start(acquired, { profiler });
    executor.execute(
      writer
        .createBuffer(1, 4)
        .createBuffer(2, 256, 'uniform')
        .writeBuffer(2, 0, bytesOf([1, 1]))
        .createPipeline(3, add(0))
        .defineList(4, 2, [{ pipeline: 3, uniform: [0, 8], bindings: all(1, 4) }])
        .take(),
    );
    for (let run = 0; run < 2500; run += 1) writer.runList(4);
    executor.execute(writer.readBuffer(5, 1, 0, 4).take());
    expect(await read(5)).toEqual([2500]);
    const [time, ...others] = await profiler.take();
    expect(others).toEqual([]);
    expect(time).toMatchObject({ label: 'add 0', dispatches: 2500 });
    expect(await profiler.take()).toEqual([]);
  });
});

describe('failing', () => {
  test('a kernel that does not compile is named, with the compiler’s reason', async () => {
    const { executor, failure, writer } = start();
    const code = 'fn main() { nonsense; }';
    executor.execute(writer.createPipeline(3, { label: 'broken', code, constants: {} }).take());
    await expect(executor.compiled()).rejects.toMatchObject({ code: 'shader_compilation_failed' });
    expect((await failure())?.message).toMatch(/“broken”: line 1: /);
  });

  test('a list that waits for such a kernel ends the waiting', async () => {
    const { executor, writer } = start();
    executor.execute(
      writer
        .createBuffer(2, 256, 'uniform')
        .createPipeline(3, { label: 'broken', code: '', constants: {} })
        .defineList(4, 2, [{ pipeline: 3, uniform: [0, 8], bindings: [] }])
        .runList(4)
        .take(),
    );
    await expect(executor.settled()).rejects.toMatchObject({ code: 'shader_compilation_failed' });
  });

  test('a buffer that is larger than the adapter allows is refused', async () => {
    const { executor, writer } = start();
    executor.execute(writer.createBuffer(1, 2 ** 32 - 4).take());
    await expect(executor.settled()).rejects.toMatchObject({
      code: expect.stringMatching(/gpu_limits_too_small|out_of_memory/) as string,
    });
  });

  test('a use that WebGPU forbids is an error, and nothing is executed after it', async () => {
    const { executor, failure, writer } = start();
    executor.execute(writer.createBuffer(1, 16).readBuffer(2, 1, 8, 16).take());
    expect(await failure()).toMatchObject({ code: 'gpu_failed' });
    executor.execute(writer.createBuffer(2, 64).take());
    expect(executor.bufferBytes).toBe(16);
  });

  test('an unknown number is an error of the core', async () => {
    const { executor, failure, writer } = start();
    executor.execute(writer.runList(9).take());
    expect(await failure()).toMatchObject({ code: 'internal' });
    await expect(executor.settled()).rejects.toMatchObject({ code: 'internal' });
  });

  test('a device that is lost is told with its reason', async () => {
    const own = await acquireDevice(gpu);
    const { executor, failure, writer } = start(own);
    executor.execute(writer.createBuffer(1, 16).readBuffer(2, 1, 0, 16).take());
    own.device.destroy();
    expect(await failure()).toMatchObject({ code: 'device_lost' });
    await expect(executor.settled()).rejects.toMatchObject({ code: 'device_lost' });
  });
});
