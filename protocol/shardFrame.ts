// The binary frame that carries bytes of a shard.
//
//   offset size
//   0      1    type, 1
//   1      1    flags, bit 0: the last frame of this request
//   2      2    reserved, 0
//   4      4    request id, little-endian
//   8      8    offset in the shard, little-endian
//   16     1..  payload
import { limits } from './generated/protocol.ts';

export const shardFrameHeaderBytes = 16;

export interface ShardFrame {
  requestId: number;
  /** Where the payload lies in the shard. */
  offset: number;
  isLast: boolean;
  /** A view of the frame's own bytes, not a copy. */
  payload: Uint8Array;
}

/** The frame in `bytes`, or a sentence that says what is wrong with it. */
export function readShardFrame(bytes: ArrayBuffer): ShardFrame | string {
  const payloadBytes = bytes.byteLength - shardFrameHeaderBytes;
  if (payloadBytes < 1) return `a shard frame of ${String(bytes.byteLength)} bytes has no payload`;
  if (payloadBytes > limits.shard_frame_payload_bytes_max) {
    return `a shard frame with a payload of ${String(payloadBytes)} bytes is too long`;
  }
  const view = new DataView(bytes);
  if (view.getUint8(0) !== 1) return `no binary frame has type ${String(view.getUint8(0))}`;
  const flags = view.getUint8(1);
  if (flags > 1) return `a shard frame has unknown flags ${String(flags)}`;
  if (view.getUint16(2, true) !== 0) return 'a shard frame has a reserved field that is not 0';
  const offset = view.getUint32(8, true) + view.getUint32(12, true) * 2 ** 32;
  if (offset > limits.integer_max) return 'a shard frame has an offset over 2^53 - 1';
  return {
    requestId: view.getUint32(4, true),
    offset,
    isLast: flags === 1,
    payload: new Uint8Array(bytes, shardFrameHeaderBytes),
  };
}
