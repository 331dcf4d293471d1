// Functions of whole vectors, over the operations that every instruction set offers.
#pragma once

#include <algorithm>

#include "backends/cpu/simd/simd.h"

namespace tessera::simd {

inline float largest_of_lanes(F32 x) noexcept {
  float lanes[kLanes];
  store(lanes, x);
  return *std::max_element(lanes, lanes + kLanes);
}

// e^x to within 2 units in the last place, for x in -87..88; beyond, the value at the nearer end.
// With n the integer nearest to x / ln 2 and r = x - n ln 2, e^x = 2^n e^r; |r| <= 0.347, where the
// Taylor polynomial of degree 7 is off by less than 6e-9 of the value.
inline F32 exp(F32 x) noexcept {
  constexpr float kLog2E = 1.44269504f;
  constexpr float kLn2High = 0.693359375f;  // few enough bits that n times it is exact
  constexpr float kLn2Low = -2.12194440e-4f;
  constexpr float kMagic = 12582912.0f;  // 1.5 * 2^23: the sum's low bits hold the nearest integer
  x = minimum(maximum(x, splat(-87.0f)), splat(88.0f));
  const F32 shifted = multiply_add(x, splat(kLog2E), splat(kMagic));
  const F32 n = subtract(shifted, splat(kMagic));
  const F32 r = multiply_add(n, splat(-kLn2Low), multiply_add(n, splat(-kLn2High), x));
  F32 p = splat(1.0f / 5040.0f);
  p = multiply_add(p, r, splat(1.0f / 720.0f));
  p = multiply_add(p, r, splat(1.0f / 120.0f));
  p = multiply_add(p, r, splat(1.0f / 24.0f));
  p = multiply_add(p, r, splat(1.0f / 6.0f));
  p = multiply_add(p, r, splat(0.5f));
  p = multiply_add(p, r, splat(1.0f));
  p = multiply_add(p, r, splat(1.0f));
  // The bias of kMagic vanishes in the shift; 127 << 23 makes 2^n of n << 23.
  const I32 exponent = add(shift_left<23>(f32_to_bits(shifted)), splat_i32(127 << 23));
  return multiply(p, bits_to_f32(exponent));
}

// x * sigmoid(x). (Elfwing et al., 2018)
inline F32 silu(F32 x) noexcept {
  const F32 one = splat(1.0f);
  return divide(x, add(one, exp(subtract(splat(0.0f), x))));
}

}  // namespace tessera::simd
