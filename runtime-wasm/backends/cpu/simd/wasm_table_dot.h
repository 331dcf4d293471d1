// TableDot on i8x16.swizzle. With relaxed SIMD one instruction adds what a pair of bits says; its
// operands stay in the range that has one meaning everywhere. See simd/table_dot.h.
#pragma once

#include <cstddef>

#include "backends/cpu/simd/wasm.h"
#include "quantization/low_bits.h"

namespace tessera::simd {

inline I32 load_words(const std::uint8_t* from) noexcept {
  return {wasm_u32x4_load16x4(from)};
}

// Scales are decoded for all rows at once, in the upper halves of their floats.
template <int kSteps>
class LowBitLines {
 public:
  static_assert(kSteps == 64 || kSteps == 32);

  explicit LowBitLines(const std::uint8_t* lines) noexcept {
    const v128_t bytes = wasm_v128_load(lines);
    const WasmConstants& constants = kWasmConstants;
    scales_ =
        wasm_i16x8_add(wasm_i16x8_shl(wasm_u16x8_extend_low_u8x16(bytes), 3),
                       load_constant(kSteps == 64 ? constants.scale_by_64 : constants.scale_by_32));
    zeros_ =
        wasm_i16x8_sub(wasm_u16x8_extend_high_u8x16(bytes),
                       load_constant(kSteps == 64 ? constants.zero_by_64 : constants.zero_by_32));
  }
  F32 scales(int slice) const noexcept {
    return {pairs(wasm_i32x4_const_splat(0), scales_, slice)};
  }
  I32 integers(int slice, v128_t sums, std::int32_t factors) const noexcept {
    return {wasm_i32x4_dot_i16x8(pairs(sums, zeros_, slice), wasm_i32x4_splat(factors))};
  }

 private:
  static v128_t pairs(v128_t lower, v128_t upper, int slice) noexcept {
    return slice == 0 ? wasm_i16x8_shuffle(lower, upper, 0, 8, 1, 9, 2, 10, 3, 11)
                      : wasm_i16x8_shuffle(lower, upper, 4, 12, 5, 13, 6, 14, 7, 15);
  }

  v128_t scales_;
  v128_t zeros_;
};

// kEven and kOdd times the even and the odd bytes, added.
template <int kEven, int kOdd>
v128_t weighted_pairs(v128_t bytes) noexcept {
#if defined(__wasm_relaxed_simd__)
  const WasmConstants& constants = kWasmConstants;
  const auto& units = kOdd == 0    ? constants.units_4_0
                      : kEven == 0 ? constants.units_0_4
                                   : constants.units_1_2;
  return wasm_i16x8_relaxed_dot_i8x16_i7x16(bytes, load_constant(units));
#else
  static_assert((kEven == 1 && kOdd == 2) || kEven + kOdd == 4);
  if constexpr (kOdd == 0) return wasm_i16x8_shr(wasm_i16x8_shl(bytes, 8), 6);
  if constexpr (kEven == 0) return wasm_i16x8_shl(wasm_i16x8_shr(bytes, 8), 2);
  return wasm_i16x8_add(wasm_i16x8_extadd_pairwise_i8x16(bytes), wasm_i16x8_shr(bytes, 8));
#endif
}

// The sums of a whole group stay in 16 bits: at most 8 * 7 * 127.
struct TableDot {
  static constexpr int kLowChunks = 4;
  static constexpr int kHighChunks = 2;
  static constexpr std::size_t kChunkSizeBytes = 16;
  struct Indices {
    v128_t first, last;
  };
  using Sum = v128_t;
  using Sums = v128_t;

  static Indices load(const std::uint8_t* chunk) noexcept {
    const v128_t bytes = wasm_v128_load(chunk);
    return {wasm_v128_and(bytes, low_nibbles()),
            wasm_v128_and(wasm_u16x8_shr(bytes, 4), low_nibbles())};
  }
  static Sum begin() noexcept { return wasm_i32x4_const_splat(0); }
  template <int kChunk>
  static Sum dot_low(Sum sum, const Indices& indices, const std::byte* tables) noexcept {
    sum = add_look_up<1, 2>(sum, tables, kChunk, indices.first);
    return add_look_up<1, 2>(sum, tables, kChunk + 4, indices.last);
  }
  template <int kChunk>
  static Sum dot_high(Sum sum, const Indices& indices, const std::byte* tables) noexcept {
    sum = add_look_up<4, 0>(sum, tables, kChunk, indices.first);
    sum = add_look_up<0, 4>(sum, tables, kChunk + 2, indices.first);
    sum = add_look_up<4, 0>(sum, tables, kChunk + 4, indices.last);
    return add_look_up<0, 4>(sum, tables, kChunk + 6, indices.last);
  }
  static Sums end(Sum sum) noexcept { return sum; }

 private:
  template <int kEven, int kOdd>
  static Sum add_look_up(Sum sum, const std::byte* tables, int quad, v128_t indices) noexcept {
    const v128_t table = wasm_v128_load(tables + 16 * quad);
#if defined(__wasm_relaxed_simd__)
    const v128_t found = wasm_i8x16_relaxed_swizzle(table, indices);
#else
    const v128_t found = wasm_i8x16_swizzle(table, indices);
#endif
    return wasm_i16x8_add(sum, weighted_pairs<kEven, kOdd>(found));
  }
};

}  // namespace tessera::simd
