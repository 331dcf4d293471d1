// NibbleDot and ByteDot in plain integer arithmetic. See simd/integer_dots.h.
#pragma once

#include <cstddef>
#include <cstring>

#include "backends/cpu/simd/scalar.h"

namespace tessera::simd {

inline int quant_at(const std::byte* group, int column) noexcept {
  return static_cast<std::int8_t>(group[column]);
}

struct NibbleDot {
  static constexpr std::size_t kGroupSizeBytes = 32;
  using Activations = const std::byte*;
  using Weights = const std::uint8_t*;
  using Sum = I32;

  static void encode(const std::int8_t* quants, std::byte* group) noexcept {
    std::memcpy(group, quants, 32);
  }
  static Weights load(const std::uint8_t* chunk) noexcept { return chunk; }
  static Sum begin() noexcept { return splat_i32(0); }
  template <int kChunk>
  static Sum dot(Sum sum, Weights weights, const std::byte* group) noexcept {
    for (int lane = 0; lane < kLanes; ++lane) {
      for (int j = 0; j < 4; ++j) {
        const int byte = weights[4 * lane + j];
        sum.v[lane] += (byte & 15) * quant_at(group, 4 * kChunk + j);
        sum.v[lane] += (byte >> 4) * quant_at(group, 16 + 4 * kChunk + j);
      }
    }
    return sum;
  }
  static I32 end(const Sum& sum) noexcept { return sum; }
};

struct ByteDot {
  static constexpr std::size_t kGroupSizeBytes = 32;
  using Activations = const std::byte*;
  using Weights = const std::int8_t*;
  using Sum = I32;

  static void encode(const std::int8_t* quants, std::byte* group) noexcept {
    std::memcpy(group, quants, 32);
  }
  static Weights load(const std::int8_t* chunk) noexcept { return chunk; }
  static Sum begin() noexcept { return splat_i32(0); }
  template <int kChunk>
  static Sum dot(Sum sum, Weights weights, const std::byte* group) noexcept {
    for (int lane = 0; lane < kLanes; ++lane) {
      for (int j = 0; j < 4; ++j) {
        sum.v[lane] += weights[4 * lane + j] * quant_at(group, 4 * kChunk + j);
      }
    }
    return sum;
  }
  static I32 end(const Sum& sum) noexcept { return sum; }
};

}  // namespace tessera::simd
