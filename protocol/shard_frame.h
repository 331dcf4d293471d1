// The binary frame that carries bytes of a shard.
//
//   offset size
//   0      1    type, 1
//   1      1    flags, bit 0: the last frame of this request
//   2      2    reserved, 0
//   4      4    request id, little-endian
//   8      8    offset in the shard, little-endian
//   16     1..  payload, at most kShardFramePayloadBytesMax bytes
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "base/result.h"

namespace tessera::protocol {

inline constexpr std::size_t kShardFrameHeaderBytes = 16;

struct ShardFrame {
  std::uint32_t request_id = 0;
  std::uint64_t offset = 0;
  bool is_last = false;
  std::span<const std::byte> payload;  // a view of the frame's own bytes
};

// The header that goes before `frame.payload`.
std::array<std::byte, kShardFrameHeaderBytes> write_shard_frame_header(const ShardFrame& frame);

// Errors: kInvalidFile saying what is wrong with the frame.
Result<ShardFrame> read_shard_frame(std::span<const std::byte> bytes);

}  // namespace tessera::protocol
