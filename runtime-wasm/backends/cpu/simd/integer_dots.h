// A choice of integer dot products: what with_integer_dots gives to a kernel. See simd/simd.h.
#pragma once

namespace tessera::simd {

template <typename NibbleDot, typename ByteDot>
struct IntegerDots {
  using Nibble = NibbleDot;
  using Byte = ByteDot;
};

}  // namespace tessera::simd
