// Reads little-endian numbers from bytes at any alignment. Every machine we run on is
// little-endian.
#pragma once

#include <bit>
#include <cstddef>
#include <cstring>

namespace tessera {

static_assert(std::endian::native == std::endian::little);

template <typename T>
T read_little_endian(const std::byte* bytes) noexcept {
  T value;
  std::memcpy(&value, bytes, sizeof(T));
  return value;
}

}  // namespace tessera
