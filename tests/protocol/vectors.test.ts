import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import {
  clientMessageRules,
  errors,
  messageToClientRules,
  messageToRunnerRules,
  runnerMessageRules,
  type FieldRules,
} from '../../protocol/generated/protocol.ts';
import { readMessage } from '../../protocol/readMessage.ts';
import { readShardFrame } from '../../protocol/shardFrame.ts';

interface MessageVector {
  name: string;
  from: 'client' | 'runner' | 'server';
  to: 'client' | 'runner' | 'server';
  text: string;
  code?: string;
  param?: string;
}

interface FrameVector {
  name: string;
  hex: string;
  frame?: { request_id: number; offset: number; is_last: boolean; payload: string };
}

interface Vectors<Vector> {
  good: Vector[];
  bad: Vector[];
}

function vectors<Vector>(name: string): Vectors<Vector> {
  const url = new URL(`../../protocol/vectors/${name}.json`, import.meta.url);
  return JSON.parse(readFileSync(url, 'utf8')) as Vectors<Vector>;
}

function rulesOf(vector: MessageVector): Readonly<Record<string, FieldRules>> {
  if (vector.to === 'client') return messageToClientRules;
  if (vector.to === 'runner') return messageToRunnerRules;
  return vector.from === 'runner' ? runnerMessageRules : clientMessageRules;
}

describe('messages', () => {
  const messages = vectors<MessageVector>('messages');
  test.each(messages.good)('accepts $name', (vector) => {
    expect(readMessage(vector.text, rulesOf(vector))).toHaveProperty('ok.type');
  });
  test.each(messages.bad)('refuses $name', (vector) => {
    const problem = readMessage(vector.text, rulesOf(vector));
    expect(problem).toMatchObject({ error: { code: vector.code } });
    expect('error' in problem && problem.error.param).toBe(vector.param);
  });
  test('every message of the schema has a good vector', () => {
    const rules = [runnerMessageRules, clientMessageRules, messageToRunnerRules];
    const types = new Set([...rules, messageToClientRules].flatMap((table) => Object.keys(table)));
    for (const { text } of messages.good) types.delete((JSON.parse(text) as { type: string }).type);
    expect([...types]).toEqual([]);
  });
  test('every refusal has a sentence for the user', () => {
    for (const { code } of messages.bad) expect(errors).toHaveProperty(String(code));
  });
});

describe('shard frames', () => {
  const frames = vectors<FrameVector>('shard_frames');
  const bytesOf = (hex: string) => new Uint8Array(Buffer.from(hex, 'hex')).buffer;
  test.each(frames.good)('reads $name', ({ hex, frame }) => {
    const read = readShardFrame(bytesOf(hex));
    if (typeof read === 'string') throw new Error(read);
    const { requestId, offset, isLast, payload } = read;
    expect({
      request_id: requestId,
      offset,
      is_last: isLast,
      payload: Buffer.from(payload).toString('hex'),
    }).toEqual(frame);
  });
  test.each(frames.bad)('refuses $name', ({ hex }) => {
    expect(readShardFrame(bytesOf(hex))).toBeTypeOf('string');
  });
  test('refuses a payload over the limit', () => {
    const bytes = new Uint8Array(16 + 131072 + 1);
    bytes[0] = 1;
    expect(readShardFrame(bytes.buffer)).toBeTypeOf('string');
    expect(readShardFrame(bytes.slice(0, -1).buffer)).not.toBeTypeOf('string');
  });
});
