// The integer dot products that are fastest on this processor, chosen once.
//
//   with_integer_dots(kernel)    kernel(IntegerDots<...>()): the dot products of 8-bit activations
//                                with the weights of blocks of q4 (Nibble) and q8 (Byte), in the
//                                layout of tensor/panel.h. Each has
//     kGroupSizeBytes, encode    how the activations of one group of 32 are laid out for it
//     Activations                those of one group, from where encode put them
//     Weights, load              kLanes rows of one chunk of a block, unpacked
//     Sum, begin, dot, end       sum = begin(); sum = dot<chunk>(sum, weights, activations) for
//                                every chunk; end(sum) = the exact integer sums
// Activations are in -127..127, so that every intermediate sum is exact.
#pragma once

#include "backends/cpu/simd/simd.h"

namespace tessera::simd {

template <typename NibbleDot, typename ByteDot>
struct IntegerDots {
  using Nibble = NibbleDot;
  using Byte = ByteDot;
};

#if defined(__wasm_relaxed_simd__)
template <typename Kernel>
auto with_integer_dots(Kernel kernel) {
  static const bool sums_pairs = pair_sums_are_faster();
  return sums_pairs ? kernel(IntegerDots<PairNibbleDot, WideByteDot>())
                    : kernel(IntegerDots<FourNibbleDot, FourByteDot>());
}
#elif defined(__wasm_simd128__)
template <typename Kernel>
auto with_integer_dots(Kernel kernel) {
  return kernel(IntegerDots<WideNibbleDot, WideByteDot>());
}
#else
template <typename Kernel>
auto with_integer_dots(Kernel kernel) {
  return kernel(IntegerDots<NibbleDot, ByteDot>());
}
#endif

}  // namespace tessera::simd
