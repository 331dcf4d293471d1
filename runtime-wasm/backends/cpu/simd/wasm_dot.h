// Integer dot products on i32x4.dot_i16x8_s, which every engine has. See simd/simd.h.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "backends/cpu/simd/wasm_activations.h"

namespace tessera::simd {

// The activations of a group, 16 bits each, in the order a[0] a[2] a[1] a[3] of every four.
inline void encode_column_pairs(const std::int8_t* quants, std::byte* group) noexcept {
  for (int chunk = 0; chunk < 8; ++chunk) {
    const std::int8_t* four = quants + 4 * chunk;
    const std::int16_t pairs[4] = {four[0], four[2], four[1], four[3]};
    std::memcpy(group + 8 * chunk, pairs, sizeof(pairs));
  }
}

inline v128_t dot_pair_add(v128_t sum, v128_t weights, v128_t pair) noexcept {
  return wasm_i32x4_add(sum, wasm_i32x4_dot_i16x8(weights, pair));
}
inline v128_t dot_pair_add(v128_t sum, v128_t weights, const std::byte* pair) noexcept {
  return dot_pair_add(sum, weights, wasm_v128_load32_splat(pair));
}

// The four bytes of a row in a chunk are two 16-bit lanes; masks and shifts leave the weights of
// columns (0, 2) in one vector and of (1, 3) in another, already widened and in their row's lane.
struct WideNibbleDot {
  static constexpr std::size_t kGroupSizeBytes = 64;
  using Activations = GroupActivations<4>;
  struct Weights {
    v128_t low_even, low_odd, high_even, high_odd;
  };
  using Sum = v128_t;

  static void encode(const std::int8_t* quants, std::byte* group) noexcept {
    encode_column_pairs(quants, group);
  }
  static Weights load(const std::uint8_t* chunk) noexcept {
    const v128_t bytes = wasm_v128_load(chunk);
    return {wasm_v128_and(bytes, even_nibbles()),
            wasm_v128_and(wasm_u16x8_shr(bytes, 8), even_nibbles()),
            wasm_v128_and(wasm_u16x8_shr(bytes, 4), even_nibbles()), wasm_u16x8_shr(bytes, 12)};
  }
  static Sum begin() noexcept { return wasm_i32x4_const_splat(0); }
  template <int kChunk>
  static Sum dot(Sum sum, const Weights& weights, const Activations& x) noexcept {
    sum = dot_pair_add(sum, weights.low_even, x.four<2 * kChunk>());
    sum = dot_pair_add(sum, weights.low_odd, x.four<2 * kChunk + 1>());
    sum = dot_pair_add(sum, weights.high_even, x.four<2 * kChunk + 8>());
    return dot_pair_add(sum, weights.high_odd, x.four<2 * kChunk + 9>());
  }
  static I32 end(Sum sum) noexcept { return {sum}; }
};

// Two rows of a chunk at a time, widened as they are loaded: each leaves its sum in two lanes.
struct WideByteDot {
  static constexpr std::size_t kGroupSizeBytes = 64;
  using Activations = GroupActivations<4>;
  struct Weights {
    v128_t first_rows, last_rows;
  };
  struct Sum {
    v128_t first_rows, last_rows;
  };

  static void encode(const std::int8_t* quants, std::byte* group) noexcept {
    for (int i = 0; i < 32; ++i) {
      const std::int16_t wide = quants[i];
      std::memcpy(group + 2 * i, &wide, sizeof(wide));
    }
  }
  static Weights load(const std::int8_t* chunk) noexcept {
    return {wasm_i16x8_load8x8(chunk), wasm_i16x8_load8x8(chunk + 8)};
  }
  static Sum begin() noexcept { return {wasm_i32x4_const_splat(0), wasm_i32x4_const_splat(0)}; }
  template <int kChunk>
  static Sum dot(const Sum& sum, const Weights& weights, const Activations& x) noexcept {
    const v128_t columns = x.eight<kChunk>();
    return {dot_pair_add(sum.first_rows, weights.first_rows, columns),
            dot_pair_add(sum.last_rows, weights.last_rows, columns)};
  }
  static I32 end(const Sum& sum) noexcept {
    return {wasm_i32x4_add(wasm_i32x4_shuffle(sum.first_rows, sum.last_rows, 0, 2, 4, 6),
                           wasm_i32x4_shuffle(sum.first_rows, sum.last_rows, 1, 3, 5, 7))};
  }
};

}  // namespace tessera::simd
