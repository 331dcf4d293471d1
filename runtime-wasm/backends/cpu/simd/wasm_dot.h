// NibbleDot and ByteDot on i32x4.dot_i16x8_s, for engines without relaxed SIMD. See simd/simd.h.
//
// The four bytes of a row in a chunk are two 16-bit lanes; masks and shifts leave the weights of
// columns (0, 2) in one vector and of (1, 3) in another, already widened and in their row's lane.
// The activations are stored in that order, 16 bits each: a[0] a[2] a[1] a[3].
#pragma once

#include <cstddef>
#include <cstring>

#include "backends/cpu/simd/wasm.h"

namespace tessera::simd {

inline void encode_column_pairs(const std::int8_t* quants, std::byte* group) noexcept {
  for (int chunk = 0; chunk < 8; ++chunk) {
    const std::int8_t* four = quants + 4 * chunk;
    const std::int16_t pairs[4] = {four[0], four[2], four[1], four[3]};
    std::memcpy(group + 8 * chunk, pairs, sizeof(pairs));
  }
}

inline v128_t dot_pair_add(v128_t sum, v128_t weights, const std::byte* pair) noexcept {
  return wasm_i32x4_add(sum, wasm_i32x4_dot_i16x8(weights, wasm_v128_load32_splat(pair)));
}

struct NibbleDot {
  static constexpr std::size_t kGroupSizeBytes = 64;
  struct Weights {
    v128_t low_even, low_odd, high_even, high_odd;
  };
  using Sum = v128_t;

  static void encode(const std::int8_t* quants, std::byte* group) noexcept {
    encode_column_pairs(quants, group);
  }
  static Weights load(const std::uint8_t* chunk) noexcept {
    const v128_t bytes = wasm_v128_load(chunk);
    const v128_t mask = wasm_i16x8_const_splat(15);
    return {wasm_v128_and(bytes, mask), wasm_v128_and(wasm_u16x8_shr(bytes, 8), mask),
            wasm_v128_and(wasm_u16x8_shr(bytes, 4), mask), wasm_u16x8_shr(bytes, 12)};
  }
  static Sum begin(std::int32_t offset) noexcept { return wasm_i32x4_splat(offset); }
  static Sum dot(Sum sum, const Weights& weights, const std::byte* group, int chunk) noexcept {
    const std::byte* low = group + 8 * chunk;
    const std::byte* high = low + 32;
    sum = dot_pair_add(sum, weights.low_even, low);
    sum = dot_pair_add(sum, weights.low_odd, low + 4);
    sum = dot_pair_add(sum, weights.high_even, high);
    return dot_pair_add(sum, weights.high_odd, high + 4);
  }
  static I32 end(Sum sum, std::int32_t) noexcept { return {sum}; }
};

struct ByteDot {
  static constexpr std::size_t kGroupSizeBytes = 64;
  struct Weights {
    v128_t even, odd;
  };
  using Sum = v128_t;

  static void encode(const std::int8_t* quants, std::byte* group) noexcept {
    encode_column_pairs(quants, group);
  }
  static Weights load(const std::int8_t* chunk) noexcept {
    const v128_t bytes = wasm_v128_load(chunk);
    return {wasm_i16x8_shr(wasm_i16x8_shl(bytes, 8), 8), wasm_i16x8_shr(bytes, 8)};
  }
  static Sum begin(std::int32_t offset) noexcept { return wasm_i32x4_splat(offset); }
  static Sum dot(Sum sum, const Weights& weights, const std::byte* group, int chunk) noexcept {
    sum = dot_pair_add(sum, weights.even, group + 8 * chunk);
    return dot_pair_add(sum, weights.odd, group + 8 * chunk + 4);
  }
  static I32 end(Sum sum, std::int32_t) noexcept { return {sum}; }
};

}  // namespace tessera::simd
