// Vectors of AVX2 with FMA and F16C. See simd/simd.h.
#pragma once

#include <immintrin.h>

#include <cstdint>

#include "quantization/q4s.h"

namespace tessera::simd {

inline constexpr int kLanes = 8;
#if defined(__AVXVNNI__)
inline constexpr const char* kName = "avx2 vnni";
#else
inline constexpr const char* kName = "avx2";
#endif

struct F32 {
  __m256 v;
};
struct I32 {
  __m256i v;
};

inline F32 load(const float* from) noexcept {
  return {_mm256_loadu_ps(from)};
}
inline void store(float* to, F32 a) noexcept {
  _mm256_storeu_ps(to, a.v);
}
inline F32 splat(float value) noexcept {
  return {_mm256_set1_ps(value)};
}
inline F32 add(F32 a, F32 b) noexcept {
  return {_mm256_add_ps(a.v, b.v)};
}
inline F32 subtract(F32 a, F32 b) noexcept {
  return {_mm256_sub_ps(a.v, b.v)};
}
inline F32 multiply(F32 a, F32 b) noexcept {
  return {_mm256_mul_ps(a.v, b.v)};
}
inline F32 divide(F32 a, F32 b) noexcept {
  return {_mm256_div_ps(a.v, b.v)};
}
inline F32 maximum(F32 a, F32 b) noexcept {
  return {_mm256_max_ps(a.v, b.v)};
}
inline F32 minimum(F32 a, F32 b) noexcept {
  return {_mm256_min_ps(a.v, b.v)};
}
inline F32 multiply_add(F32 a, F32 b, F32 c) noexcept {
  return {_mm256_fmadd_ps(a.v, b.v, c.v)};
}

inline float sum_of_lanes(F32 a) noexcept {
  const __m128 four = _mm_add_ps(_mm256_castps256_ps128(a.v), _mm256_extractf128_ps(a.v, 1));
  const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
}

inline I32 load_i32(const void* from) noexcept {
  return {_mm256_loadu_si256(static_cast<const __m256i*>(from))};
}
inline I32 splat_i32(std::int32_t value) noexcept {
  return {_mm256_set1_epi32(value)};
}
inline I32 add(I32 a, I32 b) noexcept {
  return {_mm256_add_epi32(a.v, b.v)};
}
inline I32 subtract(I32 a, I32 b) noexcept {
  return {_mm256_sub_epi32(a.v, b.v)};
}
inline I32 bit_and(I32 a, I32 b) noexcept {
  return {_mm256_and_si256(a.v, b.v)};
}
template <int kBits>
I32 shift_left(I32 a) noexcept {
  return {_mm256_slli_epi32(a.v, kBits)};
}
template <int kBits>
I32 shift_right(I32 a) noexcept {
  return {_mm256_srai_epi32(a.v, kBits)};
}
template <int kBits>
I32 shift_right_unsigned(I32 a) noexcept {
  return {_mm256_srli_epi32(a.v, kBits)};
}
inline F32 to_f32(I32 a) noexcept {
  return {_mm256_cvtepi32_ps(a.v)};
}
inline I32 f32_to_bits(F32 a) noexcept {
  return {_mm256_castps_si256(a.v)};
}
inline F32 bits_to_f32(I32 a) noexcept {
  return {_mm256_castsi256_ps(a.v)};
}

inline F32 load_halves(const std::uint16_t* from) noexcept {
  return {_mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from)))};
}
inline F32 load_scales(const std::uint16_t* from) noexcept {
  return load_halves(from);
}
// Sign extension copies the sign to bit 31, where the mask leaves it.
inline F32 load_scales(const std::uint8_t* from) noexcept {
  const I32 codes = {_mm256_cvtepi8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(from)))};
  return bits_to_f32(
      add(bit_and(shift_left<20>(codes), splat_i32(static_cast<std::int32_t>(0x87f00000))),
          splat_i32(kQ4SScaleBits)));
}

}  // namespace tessera::simd
