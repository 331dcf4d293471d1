// Vectors as plain arrays, for processors without a version of their own. See simd/simd.h.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>

#include "base/half.h"
#include "quantization/q4s.h"

namespace tessera::simd {

inline constexpr int kLanes = 4;
inline constexpr const char* kName = "scalar";

struct F32 {
  float v[kLanes];
};
struct I32 {
  std::int32_t v[kLanes];
};

template <typename Vector, typename Function>
Vector make_lanes(Function function) noexcept {
  Vector result;
  for (int i = 0; i < kLanes; ++i) result.v[i] = function(i);
  return result;
}

inline F32 load(const float* from) noexcept {
  return make_lanes<F32>([&](int i) { return from[i]; });
}
inline void store(float* to, const F32& a) noexcept {
  std::memcpy(to, a.v, sizeof(a.v));
}
inline F32 splat(float value) noexcept {
  return make_lanes<F32>([&](int) { return value; });
}
inline F32 add(const F32& a, const F32& b) noexcept {
  return make_lanes<F32>([&](int i) { return a.v[i] + b.v[i]; });
}
inline F32 subtract(const F32& a, const F32& b) noexcept {
  return make_lanes<F32>([&](int i) { return a.v[i] - b.v[i]; });
}
inline F32 multiply(const F32& a, const F32& b) noexcept {
  return make_lanes<F32>([&](int i) { return a.v[i] * b.v[i]; });
}
inline F32 divide(const F32& a, const F32& b) noexcept {
  return make_lanes<F32>([&](int i) { return a.v[i] / b.v[i]; });
}
inline F32 maximum(const F32& a, const F32& b) noexcept {
  return make_lanes<F32>([&](int i) { return a.v[i] > b.v[i] ? a.v[i] : b.v[i]; });
}
inline F32 minimum(const F32& a, const F32& b) noexcept {
  return make_lanes<F32>([&](int i) { return a.v[i] < b.v[i] ? a.v[i] : b.v[i]; });
}
inline F32 multiply_add(const F32& a, const F32& b, const F32& c) noexcept {
  return make_lanes<F32>([&](int i) { return a.v[i] * b.v[i] + c.v[i]; });
}
inline float sum_of_lanes(const F32& a) noexcept {
  return (a.v[0] + a.v[2]) + (a.v[1] + a.v[3]);
}

inline I32 load_i32(const void* from) noexcept {
  I32 result;
  std::memcpy(result.v, from, sizeof(result.v));
  return result;
}
inline I32 splat_i32(std::int32_t value) noexcept {
  return make_lanes<I32>([&](int) { return value; });
}
inline I32 add(const I32& a, const I32& b) noexcept {
  return make_lanes<I32>([&](int i) {
    return static_cast<std::int32_t>(static_cast<std::uint32_t>(a.v[i]) +
                                     static_cast<std::uint32_t>(b.v[i]));
  });
}
inline I32 subtract(const I32& a, const I32& b) noexcept {
  return make_lanes<I32>([&](int i) { return a.v[i] - b.v[i]; });
}
inline I32 bit_and(const I32& a, const I32& b) noexcept {
  return make_lanes<I32>([&](int i) { return a.v[i] & b.v[i]; });
}
template <int kBits>
I32 shift_left(const I32& a) noexcept {
  return make_lanes<I32>([&](int i) {
    return static_cast<std::int32_t>(static_cast<std::uint32_t>(a.v[i]) << kBits);
  });
}
template <int kBits>
I32 shift_right(const I32& a) noexcept {
  return make_lanes<I32>([&](int i) { return a.v[i] >> kBits; });
}
template <int kBits>
I32 shift_right_unsigned(const I32& a) noexcept {
  return make_lanes<I32>([&](int i) {
    return static_cast<std::int32_t>(static_cast<std::uint32_t>(a.v[i]) >> kBits);
  });
}
inline F32 to_f32(const I32& a) noexcept {
  return make_lanes<F32>([&](int i) { return static_cast<float>(a.v[i]); });
}
inline I32 f32_to_bits(const F32& a) noexcept {
  return make_lanes<I32>([&](int i) { return std::bit_cast<std::int32_t>(a.v[i]); });
}
inline F32 bits_to_f32(const I32& a) noexcept {
  return make_lanes<F32>([&](int i) { return std::bit_cast<float>(a.v[i]); });
}
inline F32 load_halves(const std::uint16_t* from) noexcept {
  return make_lanes<F32>([&](int i) { return half_to_float(from[i]); });
}
inline F32 load_scales(const std::uint16_t* from) noexcept {
  return load_halves(from);
}
inline F32 load_scales(const std::uint8_t* from) noexcept {
  return make_lanes<F32>([&](int i) { return q4s_scale(from[i]); });
}

}  // namespace tessera::simd
