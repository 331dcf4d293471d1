// Functions of whole vectors, over the operations that every instruction set offers.
#pragma once

#include <algorithm>

#include "backends/cpu/simd/exp_constants.h"
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
#if defined(__wasm_simd128__)
  const auto c = each_exp_constant(kWasmConstants.exp, [](const WasmConstant<float>& constant) {
    return F32{load_constant(constant)};
  });
#else
  const auto c = each_exp_constant(kExpConstants, [](float number) { return splat(number); });
#endif
  x = minimum(maximum(x, c.least), c.most);
  const F32 shifted = multiply_add(x, c.log2_e, c.round_magic);
  const F32 n = subtract(shifted, c.round_magic);
  const F32 r = multiply_add(n, c.minus_ln2_low, multiply_add(n, c.minus_ln2_high, x));
  F32 p = c.inverse_factorials[0];
  for (int i = 1; i < 6; ++i) p = multiply_add(p, r, c.inverse_factorials[i]);
  p = multiply_add(p, r, c.one);
  p = multiply_add(p, r, c.one);
  // The magic number's bias vanishes in the shift; the bits of 1 make 2^n of n << 23.
  const I32 exponent = add(shift_left<23>(f32_to_bits(shifted)), f32_to_bits(c.one));
  return multiply(p, bits_to_f32(exponent));
}

// x * sigmoid(x). (Elfwing et al., 2018)
inline F32 silu(F32 x) noexcept {
  const F32 one = splat(1.0f);
  return divide(x, add(one, exp(subtract(splat(0.0f), x))));
}

}  // namespace tessera::simd
