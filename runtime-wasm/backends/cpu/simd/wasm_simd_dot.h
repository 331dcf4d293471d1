// The integer dot products of a build without relaxed SIMD. See simd/simd.h.
#pragma once

#include "backends/cpu/simd/integer_dots.h"
#include "backends/cpu/simd/wasm_dot.h"

namespace tessera::simd {

template <typename Kernel>
auto with_integer_dots(Kernel kernel) {
  return kernel(IntegerDots<WideNibbleDot, WideByteDot>());
}

}  // namespace tessera::simd
