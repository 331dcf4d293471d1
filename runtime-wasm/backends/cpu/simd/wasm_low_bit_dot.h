// SmallDot on i32x4.dot_i16x8_s, for engines without relaxed SIMD. Activations are stored as in
// simd/wasm_dot.h, 16 bits each and in the order that a mask and a shift leave the weights in. See
// simd/low_bit_dot.h.
#pragma once

#include <cstddef>

#include "backends/cpu/simd/wasm_dot.h"
#include "backends/cpu/simd/wasm_load_bytes.h"

namespace tessera::simd {

struct SmallDot {
  static constexpr std::size_t kGroupSizeBytes = 64;
  struct Weights {
    v128_t even, odd;
  };
  using Sum = v128_t;

  static void encode(const std::int8_t* quants, std::byte* group) noexcept {
    encode_column_pairs(quants, group);
  }
  static Weights from_bytes(I32 bytes) noexcept {
    return {wasm_v128_and(bytes.v, wasm_i16x8_const_splat(7)), wasm_u16x8_shr(bytes.v, 8)};
  }
  static Sum begin() noexcept { return wasm_i32x4_const_splat(0); }
  static Sum dot(Sum sum, const Weights& weights, const std::byte* group, int chunk) noexcept {
    sum = dot_pair_add(sum, weights.even, group + 8 * chunk);
    return dot_pair_add(sum, weights.odd, group + 8 * chunk + 4);
  }
  static I32 end(Sum sum) noexcept { return {sum}; }
};

}  // namespace tessera::simd
