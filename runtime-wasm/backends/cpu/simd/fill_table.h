// fill_table and largest_sum_of_four without intrinsics. See simd/table_dot.h.
#pragma once

#include <bit>
#include <cmath>
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

inline float largest_sum_of_four(const float* x) noexcept {
  float sums[8];
  for (int i = 0; i < 8; ++i) {
    const float* four = x + 4 * i;
    sums[i] = (std::fabs(four[0]) + std::fabs(four[1])) + (std::fabs(four[2]) + std::fabs(four[3]));
  }
  const auto larger = [](float a, float b) { return a > b ? a : b; };
  return larger(larger(larger(sums[0], sums[1]), larger(sums[2], sums[3])),
                larger(larger(sums[4], sums[5]), larger(sums[6], sums[7])));
}

}  // namespace tessera::simd
