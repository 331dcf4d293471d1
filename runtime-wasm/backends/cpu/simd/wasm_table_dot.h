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

// -a - b, a - b, b - a, a + b
inline v128_t signed_sums(const float* pair) noexcept {
  const v128_t a =
      wasm_v128_xor(wasm_v128_load32_splat(pair), wasm_f32x4_const(-0.0f, 0.0f, -0.0f, 0.0f));
  const v128_t b =
      wasm_v128_xor(wasm_v128_load32_splat(pair + 1), wasm_f32x4_const(-0.0f, -0.0f, 0.0f, 0.0f));
  return wasm_f32x4_add(a, b);
}

// The integers nearest to the sums of one float of `high` with those of `low`.
template <int kLane>
v128_t rounded_sums(v128_t low, v128_t high) noexcept {
  const v128_t magic = wasm_f32x4_const_splat(12582912.0f);  // see round_group
  const v128_t one = wasm_i32x4_shuffle(high, high, kLane, kLane, kLane, kLane);
  return wasm_i32x4_sub(wasm_f32x4_add(wasm_f32x4_add(one, low), magic), magic);
}

inline void fill_table(const float* x, std::byte* table) noexcept {
  const v128_t low = signed_sums(x);
  const v128_t high = signed_sums(x + 2);
  const v128_t first =
      wasm_i16x8_narrow_i32x4(rounded_sums<0>(low, high), rounded_sums<1>(low, high));
  const v128_t last =
      wasm_i16x8_narrow_i32x4(rounded_sums<2>(low, high), rounded_sums<3>(low, high));
  wasm_v128_store(table, wasm_i8x16_narrow_i16x8(first, last));
}

// Scales are decoded for all rows at once, in the upper halves of their floats.
template <int kBits>
class LowBitLines {
 public:
  explicit LowBitLines(const std::uint8_t* lines) noexcept {
    const v128_t bytes = wasm_v128_load(lines);
    const WasmConstants& constants = kWasmConstants;
    scales_ = wasm_i16x8_add(wasm_i16x8_shl(wasm_u16x8_extend_low_u8x16(bytes), 3),
                             load_constant(kBits == 2 ? constants.q2_scale : constants.q3_scale));
    if constexpr (kBits == 3) {
      zeros_ =
          wasm_i16x8_sub(wasm_u16x8_extend_high_u8x16(bytes), load_constant(constants.q3_zero));
    } else {
      const v128_t low = wasm_v128_and(bytes, low_nibbles());
      const v128_t high = wasm_v128_and(wasm_u16x8_shr(bytes, 4), low_nibbles());
      const v128_t both = wasm_i32x4_shuffle(low, high, 2, 6, 2, 6);
      zeros_ = wasm_i16x8_sub(wasm_u16x8_extend_low_u8x16(both), load_constant(constants.q2_zero));
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

#if defined(__wasm_relaxed_simd__)
inline v128_t look_up(v128_t table, v128_t indices) noexcept {
  return wasm_i8x16_relaxed_swizzle(table, indices);
}
// Even bytes of one, odd bytes of the other.
inline v128_t even_and_odd(v128_t even, v128_t odd) noexcept {
  return wasm_i8x16_relaxed_laneselect(even, odd, load_constant(kWasmConstants.even_bytes));
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
inline v128_t even_and_odd(v128_t even, v128_t odd) noexcept {
  return wasm_v128_bitselect(even, odd, load_constant(kWasmConstants.even_bytes));
}
inline v128_t add_1_2(v128_t bytes) noexcept {
  return wasm_i16x8_add(wasm_i16x8_extadd_pairwise_i8x16(bytes), wasm_i16x8_shr(bytes, 8));
}
inline v128_t add_4_4(v128_t bytes) noexcept {
  return wasm_i16x8_shl(wasm_i16x8_extadd_pairwise_i8x16(bytes), 2);
}
#endif

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
    sum = wasm_i16x8_add(sum, add_1_2(found<kChunk>(tables, indices.first)));
    return wasm_i16x8_add(sum, add_1_2(found<kChunk + 4>(tables, indices.last)));
  }
  template <int kChunk>
  static Sum dot_high(Sum sum, const Indices& indices, const std::byte* tables) noexcept {
    const v128_t first = even_and_odd(found<kChunk>(tables, indices.first),
                                      found<kChunk + 2>(tables, indices.first));
    const v128_t last = even_and_odd(found<kChunk + 4>(tables, indices.last),
                                     found<kChunk + 6>(tables, indices.last));
    return wasm_i16x8_add(wasm_i16x8_add(sum, add_4_4(first)), add_4_4(last));
  }
  static Sums end(Sum sum) noexcept { return sum; }

 private:
  template <int kQuad>
  static v128_t found(const std::byte* tables, v128_t indices) noexcept {
    return look_up(wasm_v128_load(tables + 16 * kQuad), indices);
  }
};

}  // namespace tessera::simd
