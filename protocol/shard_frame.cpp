#include "protocol/shard_frame.h"

#include <string>

#include "protocol/generated/protocol.h"

namespace tessera::protocol {
namespace {

constexpr std::byte kShardType{1};
constexpr std::byte kFlagLast{1};

void store(std::byte* out, std::uint64_t value, std::size_t size_bytes) {
  for (std::size_t index = 0; index < size_bytes; ++index) {
    out[index] = static_cast<std::byte>(value >> (8 * index));
  }
}

std::uint64_t load(const std::byte* bytes, std::size_t size_bytes) {
  std::uint64_t value = 0;
  for (std::size_t index = 0; index < size_bytes; ++index) {
    value |= std::to_integer<std::uint64_t>(bytes[index]) << (8 * index);
  }
  return value;
}

Error invalid(const std::string& what) {
  return {ErrorCode::kInvalidFile, "a shard frame " + what};
}

}  // namespace

std::array<std::byte, kShardFrameHeaderBytes> write_shard_frame_header(const ShardFrame& frame) {
  std::array<std::byte, kShardFrameHeaderBytes> header{};
  header[0] = kShardType;
  header[1] = frame.is_last ? kFlagLast : std::byte{0};
  store(&header[4], frame.request_id, 4);
  store(&header[8], frame.offset, 8);
  return header;
}

Result<ShardFrame> read_shard_frame(std::span<const std::byte> bytes) {
  if (bytes.size() <= kShardFrameHeaderBytes) {
    return invalid("of " + std::to_string(bytes.size()) + " bytes has no payload");
  }
  if (bytes.size() - kShardFrameHeaderBytes > kShardFramePayloadBytesMax) {
    return invalid("of " + std::to_string(bytes.size()) + " bytes is too long");
  }
  if (bytes[0] != kShardType) {
    return invalid("has type " + std::to_string(std::to_integer<int>(bytes[0])));
  }
  if ((bytes[1] & ~kFlagLast) != std::byte{0}) {
    return invalid("has unknown flags " + std::to_string(std::to_integer<int>(bytes[1])));
  }
  if (load(&bytes[2], 2) != 0) return invalid("has a reserved field that is not 0");
  ShardFrame frame;
  frame.is_last = bytes[1] == kFlagLast;
  frame.request_id = static_cast<std::uint32_t>(load(&bytes[4], 4));
  frame.offset = load(&bytes[8], 8);
  if (frame.offset > kIntegerMax) return invalid("has an offset over 2^53 - 1");
  frame.payload = bytes.subspan(kShardFrameHeaderBytes);
  return frame;
}

}  // namespace tessera::protocol
