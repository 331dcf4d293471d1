// What the kernels of q2 and q3 need beside simd/simd.h. For the instruction set of the build:
//   load_bytes                          kLanes unsigned bytes as 32-bit integers
//   splat_bytes<byte>                   a byte everywhere, from where a loop keeps it best
//   shift_right_16<bits>                of 16 bits at a time, zeros moved in
//   shift_left_16<bits>
//   LowBitLines<steps>                  the scales and zero points of a block's rows:
//     scales(slice)                     of kLanes rows, divided by the steps of a zero point
//     zero_products(slice, minus_sum)   stored zero points times the low 16 bits of minus_sum
//   SmallDot                            integer dot product of 8-bit activations with weights in
//                                       0..12, four neighbouring columns of kLanes rows at a time:
//     kGroupSizeBytes, encode, Activations    as in simd/integer_dots.h
//     Sum, begin, dot, end              sum = dot<quad>(sum, weights, activations), the weights of
//                                       columns 4 * quad + 0..3 in the four bytes of a lane;
//                                       end<unit>(sum) = unit times the exact integer sums
// and from these the dot products of whole chunks.
#pragma once

#include "backends/cpu/simd/simd.h"

#if defined(__wasm_simd128__)
#include "backends/cpu/simd/wasm_low_bit_dot.h"
#if defined(__wasm_relaxed_simd__)
#include "backends/cpu/simd/wasm_relaxed_low_bit_dot.h"
#endif
#elif defined(__AVX2__) && defined(__FMA__) && defined(__F16C__)
#include "backends/cpu/simd/avx2_low_bit_dot.h"
#else
#include "backends/cpu/simd/scalar_low_bit_dot.h"
#endif

namespace tessera::simd {

// Bits 2 and 3 of a nibble are multiplied where they are: their sum counts four times.
template <typename SmallDot>
struct TwoBitDot {
  static constexpr std::size_t kGroupSizeBytes = SmallDot::kGroupSizeBytes;
  static constexpr int kZeroSteps = 64;
  using Activations = typename SmallDot::Activations;
  struct Weights {
    I32 columns_0, fours_8, columns_16, fours_24;
  };
  struct Sum {
    typename SmallDot::Sum ones, fours;
  };

  static void encode(const std::int8_t* quants, std::byte* group) noexcept {
    SmallDot::encode(quants, group);
  }
  static Weights load(const std::uint8_t* low) noexcept {
    const I32 bytes = load_i32(low);
    const I32 upper = shift_right_16<4>(bytes);
    return {bit_and(bytes, splat_bytes<0x03>()), bit_and(bytes, splat_bytes<0x0c>()),
            bit_and(upper, splat_bytes<0x03>()), bit_and(upper, splat_bytes<0x0c>())};
  }
  static Sum begin() noexcept { return {SmallDot::begin(), SmallDot::begin()}; }
  template <int kChunk>
  static Sum dot(Sum sum, const Weights& weights, const Activations& x) noexcept {
    sum.ones = SmallDot::template dot<kChunk>(sum.ones, weights.columns_0, x);
    sum.fours = SmallDot::template dot<kChunk + 2>(sum.fours, weights.fours_8, x);
    sum.ones = SmallDot::template dot<kChunk + 4>(sum.ones, weights.columns_16, x);
    sum.fours = SmallDot::template dot<kChunk + 6>(sum.fours, weights.fours_24, x);
    return sum;
  }
  static I32 end(const Sum& sum) noexcept {
    return add(SmallDot::template end<kZeroSteps>(sum.ones),
               SmallDot::template end<kZeroSteps / 4>(sum.fours));
  }
};

// The third bits are put beside the other two, so that a byte holds two weights.
template <typename SmallDot>
struct ThreeBitDot {
  static constexpr std::size_t kGroupSizeBytes = SmallDot::kGroupSizeBytes;
  static constexpr int kZeroSteps = 32;
  using Activations = typename SmallDot::Activations;
  struct Weights {
    I32 columns_0, columns_8, columns_16, columns_24;
  };
  using Sum = typename SmallDot::Sum;

  static void encode(const std::int8_t* quants, std::byte* group) noexcept {
    SmallDot::encode(quants, group);
  }
  template <int kChunk>
  static Weights load(const std::uint8_t* low, const std::uint8_t* high) noexcept {
    const I32 bytes = load_i32(low);
    const I32 third = load_i32(high);
    const I32 even = pair_weights(bytes, shift_left_16<2 - kChunk>(third));
    const I32 odd = pair_weights(shift_right_16<2>(bytes), shift_right_16<kChunk>(third));
    return {bit_and(even, splat_bytes<0x07>()), bit_and(odd, splat_bytes<0x07>()),
            bit_and(shift_right_16<4>(even), splat_bytes<0x07>()),
            bit_and(shift_right_16<4>(odd), splat_bytes<0x07>())};
  }
  static Sum begin() noexcept { return SmallDot::begin(); }
  template <int kChunk>
  static Sum dot(Sum sum, const Weights& weights, const Activations& x) noexcept {
    sum = SmallDot::template dot<kChunk>(sum, weights.columns_0, x);
    sum = SmallDot::template dot<kChunk + 2>(sum, weights.columns_8, x);
    sum = SmallDot::template dot<kChunk + 4>(sum, weights.columns_16, x);
    return SmallDot::template dot<kChunk + 6>(sum, weights.columns_24, x);
  }
  static I32 end(const Sum& sum) noexcept { return SmallDot::template end<kZeroSteps>(sum); }

 private:
  // Bits 0, 1, 4 and 5 of one and bits 2 and 6 of the other.
  static I32 pair_weights(I32 low, I32 third) noexcept {
    return bit_or(bit_and(low, splat_bytes<0x33>()), bit_and(third, splat_bytes<0x44>()));
  }
};

}  // namespace tessera::simd
