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

inline constexpr std::size_t kTableEntries = 16;

#if defined(__wasm_relaxed_simd__)
inline v128_t look_up(v128_t table, v128_t indices) noexcept {
  return wasm_i8x16_relaxed_swizzle(table, indices);
}
// Even bytes and twice the odd bytes, added; four times both.
inline v128_t add_1_2(v128_t bytes) noexcept {
  return wasm_i16x8_relaxed_dot_i8x16_i7x16(bytes, load_constant(kWasmConstants.units_1_2));
}
inline v128_t add_4_4(v128_t bytes) noexcept {
  return wasm_i16x8_relaxed_dot_i8x16_i7x16(bytes, load_constant(kWasmConstants.units_4_4));
}
#else
inline v128_t look_up(v128_t table, v128_t indices) noexcept {
  return wasm_i8x16_swizzle(table, indices);
}
inline v128_t add_1_2(v128_t bytes) noexcept {
  return wasm_i16x8_add(wasm_i16x8_extadd_pairwise_i8x16(bytes), wasm_i16x8_shr(bytes, 8));
}
inline v128_t add_4_4(v128_t bytes) noexcept {
  return wasm_i16x8_shl(wasm_i16x8_extadd_pairwise_i8x16(bytes), 2);
}
#endif

// Sums of neighbours.
inline v128_t add_neighbours(v128_t first, v128_t last) noexcept {
  return wasm_f32x4_add(wasm_i32x4_shuffle(first, last, 0, 2, 4, 6),
                        wasm_i32x4_shuffle(first, last, 1, 3, 5, 7));
}
// Sums of the magnitudes of four neighbours among 16 floats.
inline v128_t sums_of_four(const float* x) noexcept {
  v128_t magnitudes[4];
  for (int i = 0; i < 4; ++i) magnitudes[i] = wasm_f32x4_abs(wasm_v128_load(x + 4 * i));
  return add_neighbours(add_neighbours(magnitudes[0], magnitudes[1]),
                        add_neighbours(magnitudes[2], magnitudes[3]));
}
inline float largest_sum_of_four(const float* x) noexcept {
  const v128_t four = wasm_f32x4_pmax(sums_of_four(x), sums_of_four(x + 16));
  const v128_t two = wasm_f32x4_pmax(four, wasm_i32x4_shuffle(four, four, 2, 3, 0, 1));
  const v128_t one = wasm_f32x4_pmax(two, wasm_i32x4_shuffle(two, two, 1, 0, 3, 2));
  return wasm_f32x4_extract_lane(one, 0);
}

// -a - b, a - b, b - a, a + b
inline v128_t signed_sums(const float* pair) noexcept {
  const v128_t a =
      wasm_v128_xor(wasm_v128_load32_splat(pair), load_constant(kWasmConstants.minus_first));
  const v128_t b =
      wasm_v128_xor(wasm_v128_load32_splat(pair + 1), load_constant(kWasmConstants.minus_second));
  return wasm_f32x4_add(a, b);
}
// The integers nearest to floats.
inline v128_t rounded(v128_t x) noexcept {
  const v128_t magic = load_constant(kWasmConstants.round_magic);  // see round_group
  return wasm_i32x4_sub(wasm_f32x4_add(x, magic), magic);
}
// The second half of a table is the first, from its end to its begin, with the other sign.
inline void fill_table(const float* x, std::byte* table) noexcept {
  const v128_t low = signed_sums(x);
  const v128_t a = wasm_v128_load32_splat(x + 2);
  const v128_t b = wasm_v128_load32_splat(x + 3);
  const v128_t half = wasm_i16x8_narrow_i32x4(rounded(wasm_f32x4_sub(low, wasm_f32x4_add(a, b))),
                                              rounded(wasm_f32x4_add(low, wasm_f32x4_sub(a, b))));
  const v128_t both = wasm_i8x16_narrow_i16x8(half, wasm_i16x8_neg(half));
  wasm_v128_store(table, look_up(both, load_constant(kWasmConstants.second_half_reversed)));
}

// Scales are decoded for all rows at once, in the upper halves of their floats. Of q2 the zero
// points of the first rows are moved up into the nibbles of the last: all are 16 times what they
// are.
template <int kBits>
class LowBitLines {
 public:
  static constexpr int kSteps = static_cast<int>(zero_steps(kBits)) * (kBits == 2 ? 16 : 1);

  explicit LowBitLines(const std::uint8_t* lines) noexcept {
    const WasmConstants& constants = kWasmConstants;
    scales_ = wasm_i16x8_add(wasm_i16x8_shl(wasm_u16x8_load8x8(lines), 3),
                             load_constant(kBits == 2 ? constants.q2_scale : constants.q3_scale));
    const std::uint8_t* zeros = lines + kPanelRows;
    if constexpr (kBits == 3) {
      zeros_ = wasm_i16x8_sub(wasm_u16x8_load8x8(zeros), load_constant(constants.q3_zero));
    } else {
      const v128_t bytes = wasm_u16x8_extend_low_u8x16(wasm_v128_load32_splat(zeros));
      const v128_t moved = wasm_i16x8_mul(bytes, load_constant(constants.q2_zero_factors));
      zeros_ = wasm_i16x8_sub(wasm_v128_and(moved, load_constant(constants.q2_zero_bits)),
                              load_constant(constants.q2_zero));
    }
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

  static Indices load(const std::uint8_t* chunk) noexcept { return unpack(wasm_v128_load(chunk)); }
  // Those of half 0, in the order of rows, then those of half 1.
  static Indices load_high(const std::uint8_t* chunk) noexcept {
    return unpack(look_up(wasm_v128_load(chunk), load_constant(kWasmConstants.bytes_by_half)));
  }
  static Sum begin() noexcept { return wasm_i32x4_const_splat(0); }
  template <int kChunk>
  static Sum dot_low(Sum sum, const Indices& indices, const std::byte* tables) noexcept {
    sum = wasm_i16x8_add(sum, add_1_2(found<kChunk>(tables, indices.first)));
    return wasm_i16x8_add(sum, add_1_2(found<kChunk + 4>(tables, indices.last)));
  }
  // A half of what is found for an index is of another quad; the others are paired row by row.
  template <int kChunk>
  static Sum dot_high(Sum sum, const Indices& indices, const std::byte* tables) noexcept {
    const v128_t half_0 = wasm_i8x16_shuffle(found<kChunk>(tables, indices.first),
                                             found<kChunk + 4>(tables, indices.last), 0, 16, 1, 17,
                                             2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
    const v128_t half_1 = wasm_i8x16_shuffle(found<kChunk + 2>(tables, indices.first),
                                             found<kChunk + 6>(tables, indices.last), 8, 24, 9, 25,
                                             10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
    return wasm_i16x8_add(wasm_i16x8_add(sum, add_4_4(half_0)), add_4_4(half_1));
  }
  static Sums end(Sum sum) noexcept { return sum; }

 private:
  static Indices unpack(v128_t bytes) noexcept {
    return {wasm_v128_and(bytes, low_nibbles()),
            wasm_v128_and(wasm_u16x8_shr(bytes, 4), low_nibbles())};
  }
  template <int kQuad>
  static v128_t found(const std::byte* tables, v128_t indices) noexcept {
    return look_up(wasm_v128_load(tables + 16 * kQuad), indices);
  }
};

}  // namespace tessera::simd
