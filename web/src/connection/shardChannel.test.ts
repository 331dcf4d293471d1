import { describe, expect, test } from 'vitest';
import { FakeClock, settle } from '../../test-support/fakeClock.ts';
import { FakeSockets } from '../../test-support/fakeSocket.ts';
import { kStallMsMax } from '../loading/httpShardSource.ts';
import type { Shard } from '../loading/manifest.ts';
import { kCreditBytes, ShardChannel } from './shardChannel.ts';

const shard: Shard = {
  index: 0,
  sha256: 'a'.repeat(64),
  sizeBytes: 1 << 24,
  component: 'language_model',
  priority: 3,
};

function setUp() {
  const sockets = new FakeSockets();
  const clock = new FakeClock();
  const channel = new ShardChannel({ baseUrl: 'http://server', clock, openSocket: sockets.open });
  const controller = new AbortController();
  const read = (offset = 0) => {
    const chunks: number[][] = [];
    const done = (async () => {
      for await (const chunk of channel.open(shard, offset, false, controller.signal)) {
        chunks.push([...chunk.subarray(0, 4)]);
      }
    })();
    done.catch(() => undefined);
    return { chunks, done };
  };
  return { sockets, clock, channel, controller, read };
}

function frame(requestId: number, offset: number, payload: Uint8Array | number[], isLast = false) {
  const bytes = new Uint8Array(16 + payload.length);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, 1);
  view.setUint8(1, isLast ? 1 : 0);
  view.setUint32(4, requestId, true);
  view.setBigUint64(8, BigInt(offset), true);
  bytes.set(payload, 16);
  return bytes;
}

async function welcomed() {
  const context = setUp();
  const reading = context.read();
  await settle();
  context.sockets.latest.welcome();
  await settle();
  return { ...context, ...reading };
}

describe('shards over a WebSocket', () => {
  test('asks with credit and the shard’s priority, and gives frames in order', async () => {
    const { sockets, chunks, done } = await welcomed();
    expect(sockets.latest.sentOfType('shard.request')).toEqual([
      {
        type: 'shard.request',
        request_id: 1,
        sha256: shard.sha256,
        offset: 0,
        credit_bytes: kCreditBytes,
        priority: 3,
      },
    ]);
    sockets.latest.sayBytes(frame(1, 0, [1, 2]));
    sockets.latest.sayBytes(frame(1, 2, [3], true));
    await done;
    expect(chunks).toEqual([[1, 2], [3]]);
    expect(sockets.latest.sentOfType('shard.cancel')).toEqual([]);
  });

  test('gives exactly the credit back that was used', async () => {
    const { sockets } = await welcomed();
    const payload = new Uint8Array(131_072);
    for (let index = 0; index < 16; index += 1) {
      sockets.latest.sayBytes(frame(1, index * payload.length, payload));
      await settle();
    }
    const credits = sockets.latest.sentOfType('shard.credit');
    expect(credits.map(({ bytes }) => bytes)).toEqual(Array<number>(4).fill(524_288));
  });

  test('several requests share one connection', async () => {
    const { sockets, read, chunks, done } = await welcomed();
    const other = read(100);
    await settle();
    sockets.latest.sayBytes(frame(2, 100, [7], true));
    sockets.latest.sayBytes(frame(1, 0, [1], true));
    await Promise.all([done, other.done]);
    expect(chunks).toEqual([[1]]);
    expect(other.chunks).toEqual([[7]]);
    expect(sockets.connections).toHaveLength(1);
  });

  test('a lost connection is a network error, so that the loader asks for the rest', async () => {
    const { sockets, done, chunks, clock, read } = await welcomed();
    sockets.latest.sayBytes(frame(1, 0, [1, 2]));
    sockets.latest.drop();
    await expect(done).rejects.toMatchObject({ code: 'network' });
    expect(chunks).toEqual([[1, 2]]);
    await expect(read(2).done).rejects.toMatchObject({ code: 'network' });
    await clock.advance(500);
    const rest = read(2);
    sockets.latest.welcome();
    await settle();
    const [request] = sockets.latest.sentOfType('shard.request');
    expect(request).toMatchObject({ offset: 2 });
    sockets.latest.sayBytes(frame(request?.['request_id'] as number, 2, [3], true));
    await rest.done;
    expect(rest.chunks).toEqual([[3]]);
  });

  test('a frame at the wrong place breaks off that request', async () => {
    const { sockets, done } = await welcomed();
    sockets.latest.sayBytes(frame(1, 5, [1]));
    await expect(done).rejects.toMatchObject({ code: 'network' });
  });

  test('a frame that is none ends the session', async () => {
    const { sockets, done } = await welcomed();
    sockets.latest.sayBytes(Uint8Array.of(2, 0, 0));
    await expect(done).rejects.toMatchObject({ code: 'invalid_message' });
  });

  test('a refusal of the server names the reason', async () => {
    const { sockets, done } = await welcomed();
    const error = { code: 'shard_not_found', message: 'no such shard' };
    sockets.latest.say({ type: 'error', request_id: 1, error });
    await expect(done).rejects.toMatchObject({ code: 'shard_not_found' });
  });

  test('aborting cancels the request, and late frames are ignored', async () => {
    const { sockets, done, controller, chunks } = await welcomed();
    controller.abort();
    await expect(done).rejects.toMatchObject({ code: 'cancelled' });
    expect(sockets.latest.sentOfType('shard.cancel')).toEqual([
      { type: 'shard.cancel', request_id: 1 },
    ]);
    sockets.latest.sayBytes(frame(1, 0, [1]));
    expect(chunks).toEqual([]);
  });

  test('aborting while it connects ends the wait', async () => {
    const { read, controller } = setUp();
    const { done } = read();
    await settle();
    controller.abort();
    await expect(done).rejects.toMatchObject({ code: 'cancelled' });
  });

  test('a server that stops sending is given up', async () => {
    const { sockets, clock, done } = await welcomed();
    await clock.advance(kStallMsMax);
    await expect(done).rejects.toMatchObject({ code: 'network' });
    expect(sockets.latest.sentOfType('shard.cancel')).toHaveLength(1);
  });
});
