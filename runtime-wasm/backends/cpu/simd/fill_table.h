// fill_table without intrinsics. See simd/table_dot.h.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>

namespace tessera::simd {

inline constexpr std::size_t kTableEntries = 16;

inline void fill_table(const float* x, std::byte* table) noexcept {
  constexpr float kMagic = 12582912.0f;  // see round_group
  const float low[4] = {-x[0] - x[1], x[0] - x[1], x[1] - x[0], x[0] + x[1]};
  const float high[4] = {-x[2] - x[3], x[2] - x[3], x[3] - x[2], x[2] + x[3]};
  std::uint32_t rounded[kTableEntries];
  for (std::size_t i = 0; i < kTableEntries; ++i) {
    rounded[i] = std::bit_cast<std::uint32_t>((high[i / 4] + low[i % 4]) + kMagic);
  }
  for (std::size_t i = 0; i < kTableEntries; ++i) table[i] = static_cast<std::byte>(rounded[i]);
}

}  // namespace tessera::simd
