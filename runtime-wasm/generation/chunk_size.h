// How many tokens of a prompt run at a time.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>

#include "backends/backend.h"

namespace tessera {

// After a chunk of `tokens` that took so long: a device that was done in no time gets larger ones,
// up to `most`, which it runs faster; on a slow one a large chunk would keep everybody waiting, the
// screen included.
inline std::size_t next_chunk_tokens(std::size_t tokens, std::size_t most,
                                     std::chrono::steady_clock::duration took) {
  constexpr std::chrono::milliseconds kShort(40), kLong(160);
  const auto least = std::min(most, static_cast<std::size_t>(kChunkTokens));
  if (took <= kShort) return std::clamp(2 * tokens, least, most);
  if (took >= kLong) return std::clamp(tokens / 2, least, most);
  return tokens;
}

}  // namespace tessera
