// NibbleDot and ByteDot on i32x4.relaxed_dot_i8x16_i7x16_add_s: one instruction for sixteen
// products where the processor has VNNI or SDOT. Its second operand must stay within 0..127 to mean
// the same everywhere. See simd/simd.h.
#pragma once

#include <cstddef>
#include <cstring>

#include "backends/cpu/simd/wasm.h"

namespace tessera::simd {

struct NibbleDot {
  static constexpr std::size_t kGroupSizeBytes = 32;
  struct Weights {
    v128_t low;
    v128_t high;
  };
  using Sum = v128_t;

  static void encode(const std::int8_t* quants, std::byte* group) noexcept {
    std::memcpy(group, quants, 32);
  }
  static Weights load(const std::uint8_t* chunk) noexcept {
    const v128_t bytes = wasm_v128_load(chunk);
    return {wasm_v128_and(bytes, wasm_i8x16_const_splat(15)), wasm_u8x16_shr(bytes, 4)};
  }
  static Sum begin(std::int32_t offset) noexcept { return wasm_i32x4_splat(offset); }
  static Sum dot(Sum sum, const Weights& weights, const std::byte* group, int chunk) noexcept {
    sum = wasm_i32x4_relaxed_dot_i8x16_i7x16_add(wasm_v128_load32_splat(group + 4 * chunk),
                                                 weights.low, sum);
    return wasm_i32x4_relaxed_dot_i8x16_i7x16_add(wasm_v128_load32_splat(group + 16 + 4 * chunk),
                                                  weights.high, sum);
  }
  static I32 end(Sum sum, std::int32_t) noexcept { return {sum}; }
};

// Weights take all 8 bits, so the activations must be the 7-bit operand: they are split into their
// positive and their negative part, which is exact for the weight -128 too.
struct ByteDot {
  static constexpr std::size_t kGroupSizeBytes = 64;
  using Weights = v128_t;
  struct Sum {
    v128_t positive;
    v128_t negative;
  };

  static void encode(const std::int8_t* quants, std::byte* group) noexcept {
    for (int i = 0; i < 32; ++i) {
      group[i] = static_cast<std::byte>(quants[i] > 0 ? quants[i] : 0);
      group[32 + i] = static_cast<std::byte>(quants[i] < 0 ? -quants[i] : 0);
    }
  }
  static Weights load(const std::int8_t* chunk) noexcept { return wasm_v128_load(chunk); }
  static Sum begin(std::int32_t offset) noexcept {
    return {wasm_i32x4_splat(offset), wasm_i32x4_splat(0)};
  }
  static Sum dot(Sum sum, const Weights& weights, const std::byte* group, int chunk) noexcept {
    const v128_t positive = wasm_v128_load32_splat(group + 4 * chunk);
    const v128_t negative = wasm_v128_load32_splat(group + 32 + 4 * chunk);
    return {wasm_i32x4_relaxed_dot_i8x16_i7x16_add(weights, positive, sum.positive),
            wasm_i32x4_relaxed_dot_i8x16_i7x16_add(weights, negative, sum.negative)};
  }
  static I32 end(const Sum& sum, std::int32_t) noexcept {
    return {wasm_i32x4_sub(sum.positive, sum.negative)};
  }
};

}  // namespace tessera::simd
