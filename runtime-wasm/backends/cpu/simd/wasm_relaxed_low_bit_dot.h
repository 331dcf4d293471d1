// SmallDot on i32x4.relaxed_dot_i8x16_i7x16_add_s, whose second operand the weights are. See
// simd/low_bit_dot.h.
#pragma once

#include <cstddef>
#include <cstring>

#include "backends/cpu/simd/wasm_load_bytes.h"

namespace tessera::simd {

struct SmallDot {
  static constexpr std::size_t kGroupSizeBytes = 32;
  using Weights = v128_t;
  using Sum = v128_t;

  static void encode(const std::int8_t* quants, std::byte* group) noexcept {
    std::memcpy(group, quants, 32);
  }
  static Weights from_bytes(I32 bytes) noexcept { return bytes.v; }
  static Sum begin() noexcept { return wasm_i32x4_const_splat(0); }
  static Sum dot(Sum sum, Weights weights, const std::byte* group, int chunk) noexcept {
    return wasm_i32x4_relaxed_dot_i8x16_i7x16_add(wasm_v128_load32_splat(group + 4 * chunk),
                                                  weights, sum);
  }
  static I32 end(Sum sum) noexcept { return {sum}; }
};

}  // namespace tessera::simd
