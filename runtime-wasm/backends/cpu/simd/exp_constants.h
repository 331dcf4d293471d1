// The numbers of simd::exp (simd/math.h): as floats, as vectors, or as what vectors are loaded
// from.
#pragma once

namespace tessera::simd {

template <typename Number>
struct ExpConstants {
  Number least, most;  // arguments are brought between these
  Number log2_e;
  Number round_magic;     // 1.5 * 2^23: the sum's low bits hold the nearest integer
  Number minus_ln2_high;  // few enough bits that an integer times it is exact
  Number minus_ln2_low;
  Number inverse_factorials[6];  // of 7, 6, 5, 4, 3, 2
  Number one;
};

inline constexpr ExpConstants<float> kExpConstants = {
    .least = -87.0f,
    .most = 88.0f,
    .log2_e = 1.44269504f,
    .round_magic = 12582912.0f,
    .minus_ln2_high = -0.693359375f,
    .minus_ln2_low = 2.12194440e-4f,
    .inverse_factorials = {1.0f / 5040.0f, 1.0f / 720.0f, 1.0f / 120.0f, 1.0f / 24.0f, 1.0f / 6.0f,
                           0.5f},
    .one = 1.0f,
};

// The same with every number x as make(x).
template <typename From, typename Make>
constexpr auto each_exp_constant(const ExpConstants<From>& c, Make make) noexcept {
  ExpConstants<decltype(make(c.one))> made{make(c.least),
                                           make(c.most),
                                           make(c.log2_e),
                                           make(c.round_magic),
                                           make(c.minus_ln2_high),
                                           make(c.minus_ln2_low),
                                           {},
                                           make(c.one)};
  for (int i = 0; i < 6; ++i) made.inverse_factorials[i] = make(c.inverse_factorials[i]);
  return made;
}

}  // namespace tessera::simd
