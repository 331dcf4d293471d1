// What q2 and q3 need of Wasm, and SmallDot on i32x4.dot_i16x8_s, for engines without relaxed SIMD:
// activations are stored as in simd/wasm_dot.h, 16 bits each and in the order that a mask and a
// shift leave the weights in. See simd/low_bit_dot.h.
#pragma once

#include <bit>
#include <cstddef>

#include "backends/cpu/simd/wasm_dot.h"
#include "tensor/panel.h"

namespace tessera::simd {

inline I32 load_bytes(const std::uint8_t* from) noexcept {
  return {wasm_u32x4_extend_low_u16x8(wasm_u16x8_extend_low_u8x16(wasm_v128_load32_zero(from)))};
}
template <int kByte>
I32 splat_bytes() noexcept {
  static_assert(kByte == 0x03 || kByte == 0x07 || kByte == 0x0c || kByte == 0x33 || kByte == 0x44);
  const WasmConstants& constants = kWasmConstants;
  if constexpr (kByte == 0x03) return {load_constant(constants.bytes_03)};
  if constexpr (kByte == 0x07) return {load_constant(constants.bytes_07)};
  if constexpr (kByte == 0x0c) return {load_constant(constants.bytes_0c)};
  if constexpr (kByte == 0x33) return {load_constant(constants.bytes_33)};
  return {load_constant(constants.bytes_44)};
}
inline I32 bit_or(I32 a, I32 b) noexcept {
  return {wasm_v128_or(a.v, b.v)};
}
template <int kBits>
I32 shift_right_16(I32 a) noexcept {
  return {wasm_u16x8_shr(a.v, kBits)};
}
template <int kBits>
I32 shift_left_16(I32 a) noexcept {
  return {wasm_i16x8_shl(a.v, kBits)};
}

// Scales are decoded for all rows at once, in the upper halves of their floats.
template <int kSteps>
class LowBitLines {
 public:
  static_assert(kSteps == 64 || kSteps == 32);

  explicit LowBitLines(const std::uint8_t* lines) noexcept {
    const v128_t bytes = wasm_v128_load(lines);
    scales_ = wasm_i16x8_add(
        wasm_i16x8_shl(wasm_u16x8_extend_low_u8x16(bytes), 3),
        load_constant(kSteps == 64 ? kWasmConstants.scale_by_64 : kWasmConstants.scale_by_32));
    zeros_ = wasm_u16x8_extend_high_u8x16(bytes);
  }
  F32 scales(int slice) const noexcept {
    return {pairs(wasm_i32x4_const_splat(0), scales_, slice)};
  }
  I32 zero_products(int slice, std::int32_t minus_sum) const noexcept {
    return {wasm_i32x4_dot_i16x8(pairs(zeros_, zeros_, slice), wasm_i32x4_splat(minus_sum))};
  }

 private:
  static v128_t pairs(v128_t lower, v128_t upper, int slice) noexcept {
    return slice == 0 ? wasm_i16x8_shuffle(lower, upper, 0, 8, 1, 9, 2, 10, 3, 11)
                      : wasm_i16x8_shuffle(lower, upper, 4, 12, 5, 13, 6, 14, 7, 15);
  }

  v128_t scales_;
  v128_t zeros_;
};

struct WideSmallDot {
  static constexpr std::size_t kGroupSizeBytes = 64;
  using Activations = GroupActivations<4>;
  using Sum = v128_t;

  static void encode(const std::int8_t* quants, std::byte* group) noexcept {
    encode_column_pairs(quants, group);
  }
  static Sum begin() noexcept { return wasm_i32x4_const_splat(0); }
  template <int kQuad>
  static Sum dot(Sum sum, I32 weights, const Activations& x) noexcept {
    const v128_t even = wasm_v128_and(weights.v, even_nibbles());
    sum = dot_pair_add(sum, even, x.four<2 * kQuad>());
    return dot_pair_add(sum, wasm_u16x8_shr(weights.v, 8), x.four<2 * kQuad + 1>());
  }
  template <int kUnit>
  static I32 end(Sum sum) noexcept {
    return {wasm_i32x4_shl(sum, std::countr_zero(static_cast<unsigned>(kUnit)))};
  }
};

}  // namespace tessera::simd
