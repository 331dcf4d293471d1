// The integer dot products that are fastest on this processor, chosen once.
//
//   with_integer_dots(kernel)    kernel(IntegerDots<...>()): the dot products of 8-bit activations
//                                with the weights of blocks of q4 (Nibble), q8 (Byte), q2 (TwoBit)
//                                and q3 (ThreeBit), in the layout of tensor/panel.h. Each has
//     kGroupSizeBytes, encode    how the activations of one group of 32 are laid out for it
//     Activations                those of one group, from where encode put them
//     Weights, load              kLanes rows of one chunk of a block, unpacked
//     Sum, begin, dot, end       sum = begin(); sum = dot<chunk>(sum, weights, activations) for
//                                every chunk; end(sum) = the exact integer sums; of TwoBit and
//                                ThreeBit, times the steps of a zero point
// Activations are in -127..127, so that every intermediate sum is exact.
#pragma once

#include "backends/cpu/simd/low_bit_dot.h"
#include "backends/cpu/simd/simd.h"

namespace tessera::simd {

template <typename NibbleDot, typename ByteDot, typename SmallDot>
struct IntegerDots {
  using Nibble = NibbleDot;
  using Byte = ByteDot;
  using TwoBit = TwoBitDot<SmallDot>;
  using ThreeBit = ThreeBitDot<SmallDot>;
};

#if defined(__wasm_relaxed_simd__)
template <typename Kernel>
auto with_integer_dots(Kernel kernel) {
  static const bool sums_pairs = pair_sums_are_faster();
  return sums_pairs ? kernel(IntegerDots<PairNibbleDot, WideByteDot, PairSmallDot>())
                    : kernel(IntegerDots<FourNibbleDot, FourByteDot, FourSmallDot>());
}
#elif defined(__wasm_simd128__)
template <typename Kernel>
auto with_integer_dots(Kernel kernel) {
  return kernel(IntegerDots<WideNibbleDot, WideByteDot, WideSmallDot>());
}
#else
template <typename Kernel>
auto with_integer_dots(Kernel kernel) {
  return kernel(IntegerDots<NibbleDot, ByteDot, SmallDot>());
}
#endif

}  // namespace tessera::simd
