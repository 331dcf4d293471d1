// SmallDot in plain integer arithmetic. See simd/low_bit_dot.h.
#pragma once

#include <cstddef>
#include <cstring>

#include "backends/cpu/simd/scalar_dot.h"

namespace tessera::simd {

inline I32 load_bytes(const std::uint8_t* from) noexcept {
  return make_lanes<I32>([&](int i) { return std::int32_t{from[i]}; });
}

struct SmallDot {
  static constexpr std::size_t kGroupSizeBytes = 32;
  using Weights = I32;
  using Sum = I32;

  static void encode(const std::int8_t* quants, std::byte* group) noexcept {
    std::memcpy(group, quants, 32);
  }
  static Weights from_bytes(const I32& bytes) noexcept { return bytes; }
  static Sum begin() noexcept { return splat_i32(0); }
  static Sum dot(Sum sum, const Weights& weights, const std::byte* group, int chunk) noexcept {
    for (int lane = 0; lane < kLanes; ++lane) {
      for (int j = 0; j < 4; ++j) {
        sum.v[lane] += (weights.v[lane] >> 8 * j & 7) * quant_at(group, 4 * chunk + j);
      }
    }
    return sum;
  }
  static I32 end(const Sum& sum) noexcept { return sum; }
};

}  // namespace tessera::simd
