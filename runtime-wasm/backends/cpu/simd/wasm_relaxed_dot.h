// Integer dot products of relaxed SIMD, of signed bytes with bytes of 0..127. See
// simd/integer_dots.h.
//
// Four columns at a time into 32 bits is one instruction where the processor has VNNI or SDOT; in
// V8 on any other x86 processor it is five, and two columns at a time into 16 bits is one, which is
// why both forms are here and pair_sums_are_faster() chooses.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "backends/cpu/simd/wasm_dot.h"

namespace tessera::simd {

// Operands out of the range that has one meaning everywhere tell the meanings apart: pmaddubsw
// saturates.
inline bool pair_sums_are_faster() noexcept {
  volatile std::int8_t largest = 127;
  volatile std::int8_t all_bits = -1;
  const v128_t sums = wasm_i32x4_relaxed_dot_i8x16_i7x16_add(
      wasm_i8x16_splat(largest), wasm_i8x16_splat(all_bits), wasm_i32x4_splat(0));
  return wasm_i32x4_extract_lane(sums, 0) == 2 * 32767;
}

struct RelaxedNibbles {
  static constexpr std::size_t kGroupSizeBytes = 32;
  using Activations = GroupActivations<2>;
  struct Weights {
    v128_t low;
    v128_t high;
  };
  using Sum = v128_t;

  static void encode(const std::int8_t* quants, std::byte* group) noexcept {
    std::memcpy(group, quants, 32);
  }
  // Shifts 16 bits at a time: for shifting bytes V8 builds a mask on the spot.
  static Weights load(const std::uint8_t* chunk) noexcept {
    const v128_t bytes = wasm_v128_load(chunk);
    return {wasm_v128_and(bytes, low_nibbles()),
            wasm_v128_and(wasm_u16x8_shr(bytes, 4), low_nibbles())};
  }
  static Sum begin() noexcept { return wasm_i32x4_const_splat(0); }
};

struct FourNibbleDot : RelaxedNibbles {
  template <int kChunk>
  static Sum dot(Sum sum, const Weights& weights, const Activations& x) noexcept {
    sum = wasm_i32x4_relaxed_dot_i8x16_i7x16_add(x.four<kChunk>(), weights.low, sum);
    return wasm_i32x4_relaxed_dot_i8x16_i7x16_add(x.four<4 + kChunk>(), weights.high, sum);
  }
  static I32 end(Sum sum) noexcept { return {sum}; }
};

// The sums of a whole group stay in 16 bits: at most 16 * 15 * 127 = 30480.
struct PairNibbleDot : RelaxedNibbles {
  template <int kChunk>
  static Sum dot(Sum sum, const Weights& weights, const Activations& x) noexcept {
    const v128_t low = x.four<kChunk>();
    const v128_t high = x.four<4 + kChunk>();
    sum = wasm_i16x8_add(sum, wasm_i16x8_relaxed_dot_i8x16_i7x16(low, weights.low));
    return wasm_i16x8_add(sum, wasm_i16x8_relaxed_dot_i8x16_i7x16(high, weights.high));
  }
  static I32 end(Sum sum) noexcept { return {wasm_i32x4_dot_i16x8(sum, ones())}; }
};

// Weights take all 8 bits, so the activations must be the 7-bit operand: they are split into their
// positive and their negative part, which is exact for the weight -128 too.
struct FourByteDot {
  static constexpr std::size_t kGroupSizeBytes = 64;
  using Activations = GroupActivations<4>;
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
  static Sum begin() noexcept { return {wasm_i32x4_const_splat(0), wasm_i32x4_const_splat(0)}; }
  template <int kChunk>
  static Sum dot(const Sum& sum, v128_t weights, const Activations& x) noexcept {
    return {wasm_i32x4_relaxed_dot_i8x16_i7x16_add(weights, x.four<kChunk>(), sum.positive),
            wasm_i32x4_relaxed_dot_i8x16_i7x16_add(weights, x.four<8 + kChunk>(), sum.negative)};
  }
  static I32 end(const Sum& sum) noexcept { return {wasm_i32x4_sub(sum.positive, sum.negative)}; }
};

}  // namespace tessera::simd
