import { describe, expect, test } from 'vitest';
import { bytesOf, CommandWriter } from '../../test-support/commandWriter.ts';
import { decodeCommands } from './commands.ts';

describe('reading commands', () => {
  test('reads back every kind as it was written, in order', () => {
    const description = { label: 'ünï', code: 'fn main() {}', constants: { kWidth: 3 } };
    const bindings = [{ buffer: 1, offsetBytes: 256, sizeBytes: 64 }];
    const words = new CommandWriter()
      .createBuffer(1, 4096)
      .createBuffer(2, 256, 'uniform')
      .resizeBuffer(1, 8192)
      .writeBuffer(1, 16, bytesOf([7, 8]))
      .createPipeline(3, description)
      .defineList(4, 2, [{ pipeline: 3, workgroups: [5, 6, 7], uniform: [0, 16], bindings }])
      .runList(4)
      .releaseList(4)
      .readBuffer(9, 1, 16, 8)
      .destroyBuffer(1)
      .take();
    expect(decodeCommands(words)).toEqual([
      { type: 'create_buffer', buffer: 1, sizeBytes: 4096, kind: 'storage' },
      { type: 'create_buffer', buffer: 2, sizeBytes: 256, kind: 'uniform' },
      { type: 'resize_buffer', buffer: 1, sizeBytes: 8192 },
      { type: 'write_buffer', buffer: 1, offsetBytes: 16, bytes: bytesOf([7, 8]) },
      { type: 'create_pipeline', pipeline: 3, description },
      {
        type: 'define_list',
        list: 4,
        uniformBuffer: 2,
        dispatches: [
          {
            pipeline: 3,
            workgroups: [5, 6, 7],
            uniformOffsetBytes: 0,
            uniformSizeBytes: 16,
            bindings,
          },
        ],
      },
      { type: 'run_list', list: 4 },
      { type: 'release_list', list: 4 },
      { type: 'read_buffer', ticket: 9, buffer: 1, offsetBytes: 16, sizeBytes: 8 },
      { type: 'destroy_buffer', buffer: 1 },
    ]);
  });

  test('refuses words that end too early, have too many operands, or an unknown opcode', () => {
    const words = new CommandWriter().readBuffer(9, 1, 16, 8).take();
    for (const length of [1, 2, 4]) {
      expect(() => decodeCommands(words.slice(0, length))).toThrow(/malformed/);
    }
    const withOneMore = Uint32Array.of(7 | (3 << 8), 1, 2);
    expect(() => decodeCommands(withOneMore)).toThrow(/malformed/);
    expect(() => decodeCommands(Uint32Array.of(99 | (1 << 8)))).toThrow(/unknown GPU command/);
    expect(() => decodeCommands(Uint32Array.of(7))).toThrow(/malformed/);
    const bytesBeyond = Uint32Array.of(4 | (5 << 8), 1, 0, 400, 0);
    expect(() => decodeCommands(bytesBeyond)).toThrow(/malformed/);
  });

  test('no words are no commands', () => {
    expect(decodeCommands(new Uint32Array())).toEqual([]);
  });
});
