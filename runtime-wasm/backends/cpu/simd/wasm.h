// Vectors of Wasm SIMD128, with fused multiply-add where relaxed SIMD is there. See simd/simd.h.
#pragma once

#include <wasm_simd128.h>

#include <cstdint>

#include "backends/cpu/simd/wasm_constants.h"

namespace tessera::simd {

inline constexpr int kLanes = 4;
#if defined(__wasm_relaxed_simd__)
inline constexpr const char* kName = "wasm relaxed simd";
#else
inline constexpr const char* kName = "wasm simd128";
#endif

struct F32 {
  v128_t v;
};
struct I32 {
  v128_t v;
};

inline F32 load(const float* from) noexcept {
  return {wasm_v128_load(from)};
}
inline void store(float* to, F32 a) noexcept {
  wasm_v128_store(to, a.v);
}
inline F32 splat(float value) noexcept {
  return {wasm_f32x4_splat(value)};
}
inline F32 add(F32 a, F32 b) noexcept {
  return {wasm_f32x4_add(a.v, b.v)};
}
inline F32 subtract(F32 a, F32 b) noexcept {
  return {wasm_f32x4_sub(a.v, b.v)};
}
inline F32 multiply(F32 a, F32 b) noexcept {
  return {wasm_f32x4_mul(a.v, b.v)};
}
inline F32 divide(F32 a, F32 b) noexcept {
  return {wasm_f32x4_div(a.v, b.v)};
}
// pmax and pmin are one x86 instruction; f32x4.max, which orders zeros and NaN, is many.
inline F32 maximum(F32 a, F32 b) noexcept {
  return {wasm_f32x4_pmax(a.v, b.v)};
}
inline F32 minimum(F32 a, F32 b) noexcept {
  return {wasm_f32x4_pmin(a.v, b.v)};
}

inline F32 multiply_add(F32 a, F32 b, F32 c) noexcept {
#if defined(__wasm_relaxed_simd__)
  return {wasm_f32x4_relaxed_madd(a.v, b.v, c.v)};
#else
  return {wasm_f32x4_add(wasm_f32x4_mul(a.v, b.v), c.v)};
#endif
}

inline float sum_of_lanes(F32 a) noexcept {
  const v128_t pairs = wasm_f32x4_add(a.v, wasm_i32x4_shuffle(a.v, a.v, 2, 3, 0, 1));
  return wasm_f32x4_extract_lane(pairs, 0) + wasm_f32x4_extract_lane(pairs, 1);
}

inline I32 load_i32(const void* from) noexcept {
  return {wasm_v128_load(from)};
}
inline I32 splat_i32(std::int32_t value) noexcept {
  return {wasm_i32x4_splat(value)};
}
inline I32 add(I32 a, I32 b) noexcept {
  return {wasm_i32x4_add(a.v, b.v)};
}
inline I32 subtract(I32 a, I32 b) noexcept {
  return {wasm_i32x4_sub(a.v, b.v)};
}
inline I32 bit_and(I32 a, I32 b) noexcept {
  return {wasm_v128_and(a.v, b.v)};
}
template <int kBits>
I32 shift_left(I32 a) noexcept {
  return {wasm_i32x4_shl(a.v, kBits)};
}
template <int kBits>
I32 shift_right(I32 a) noexcept {
  return {wasm_i32x4_shr(a.v, kBits)};
}
template <int kBits>
I32 shift_right_unsigned(I32 a) noexcept {
  return {wasm_u32x4_shr(a.v, kBits)};
}
inline F32 to_f32(I32 a) noexcept {
  return {wasm_f32x4_convert_i32x4(a.v)};
}
inline I32 f32_to_bits(F32 a) noexcept {
  return {a.v};
}
inline F32 bits_to_f32(I32 a) noexcept {
  return {a.v};
}

// Sign extension copies the sign to bits 28..31; the mask leaves it in bit 31, and exponent and
// fraction in place; multiplying by 2^112 moves the exponent's bias and normalizes subnormals.
inline F32 load_halves(const std::uint16_t* from) noexcept {
  const v128_t wide = wasm_i32x4_shl(wasm_i32x4_load16x4(from), 13);
  const v128_t bits = wasm_v128_and(wide, load_constant(kWasmConstants.half_bits));
  return {wasm_f32x4_mul(bits, load_constant(kWasmConstants.half_scale))};
}
inline F32 load_scales(const std::uint16_t* from) noexcept {
  return load_halves(from);
}
// The same with the bytes of q4s (quantization/q4s.h), whose exponent's bias is added.
inline F32 load_scales(const std::uint8_t* from) noexcept {
  const v128_t pairs = wasm_i16x8_extend_low_i8x16(wasm_v128_load32_zero(from));
  const v128_t wide = wasm_i32x4_shl(wasm_i32x4_extend_low_i16x8(pairs), 20);
  const v128_t bits = wasm_v128_and(wide, load_constant(kWasmConstants.byte_scale_bits));
  return {wasm_i32x4_add(bits, load_constant(kWasmConstants.byte_scale_bias))};
}

}  // namespace tessera::simd
