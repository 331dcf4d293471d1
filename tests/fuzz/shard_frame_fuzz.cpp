// Binary frames: a frame that is accepted has the header that writing it gives.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

#include "base/check.h"
#include "protocol/shard_frame.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tessera::protocol;
  const auto bytes = std::as_bytes(std::span(data, size));
  const auto frame = read_shard_frame(bytes);
  if (!frame) return 0;
  const auto header = write_shard_frame_header(*frame);
  TESSERA_CHECK(std::equal(header.begin(), header.end(), bytes.begin()));
  TESSERA_CHECK(frame->payload.size() + kShardFrameHeaderBytes == size);
  return 0;
}
