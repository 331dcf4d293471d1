// SmallDot on the relaxed dot products, whose second operand the weights are, four columns at a
// time or two (simd/wasm_relaxed_dot.h). See simd/low_bit_dot.h.
#pragma once

#include <cstddef>
#include <cstring>

#include "backends/cpu/simd/wasm_low_bit_dot.h"

namespace tessera::simd {

struct RelaxedSmall {
  static constexpr std::size_t kGroupSizeBytes = 32;
  using Activations = GroupActivations<2>;
  using Sum = v128_t;

  static void encode(const std::int8_t* quants, std::byte* group) noexcept {
    std::memcpy(group, quants, 32);
  }
  static Sum begin() noexcept { return wasm_i32x4_const_splat(0); }
};

struct FourSmallDot : RelaxedSmall {
  template <int kQuad>
  static Sum dot(Sum sum, I32 weights, const Activations& x) noexcept {
    return wasm_i32x4_relaxed_dot_i8x16_i7x16_add(x.four<kQuad>(), weights.v, sum);
  }
  template <int kUnit>
  static I32 end(Sum sum) noexcept {
    return {wasm_i32x4_shl(sum, std::countr_zero(static_cast<unsigned>(kUnit)))};
  }
};

// The sums of a whole group stay in 16 bits: at most 16 * 12 * 127 = 24384.
struct PairSmallDot : RelaxedSmall {
  template <int kQuad>
  static Sum dot(Sum sum, I32 weights, const Activations& x) noexcept {
    return wasm_i16x8_add(sum, wasm_i16x8_relaxed_dot_i8x16_i7x16(x.four<kQuad>(), weights.v));
  }
  template <int kUnit>
  static I32 end(Sum sum) noexcept {
    static_assert(kUnit == 16 || kUnit == 32 || kUnit == 64);
    const auto& units = kUnit == 16   ? kWasmConstants.words_16
                        : kUnit == 32 ? kWasmConstants.words_32
                                      : kWasmConstants.words_64;
    return {wasm_i32x4_dot_i16x8(sum, load_constant(units))};
  }
};

}  // namespace tessera::simd
