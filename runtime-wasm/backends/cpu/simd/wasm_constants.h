// Constants that loops of a Wasm build keep in a register. V8 builds a v128.const anew in every
// turn of a loop, with three instructions; what was loaded from memory before the loop stays in a
// local. The compiler must not see the values, or it would make v128.const of them again: they are
// defined in a file that takes no part in link-time optimization.
#pragma once

#include <wasm_simd128.h>

#include <array>
#include <cstdint>

#include "backends/cpu/simd/exp_constants.h"

namespace tessera::simd {

template <typename T>
using WasmConstant = std::array<T, 16 / sizeof(T)>;

struct WasmConstants {
  WasmConstant<std::uint8_t> low_nibbles;    // 0x0f in every byte
  WasmConstant<std::uint16_t> even_nibbles;  // 0x000f in every 16 bits
  WasmConstant<std::int16_t> ones;
  WasmConstant<std::uint8_t> sign_bits;   // of every byte
  WasmConstant<std::uint32_t> half_bits;  // sign, exponent, fraction of an f16 shifted left by 13
  WasmConstant<float> half_scale;  // 2^112, which moves an f16's exponent to where f32 has it
  // Of a q4s scale's byte shifted left by 20: sign, 4 bits of exponent, 3 of fraction; and what is
  // added to that.
  WasmConstant<std::uint32_t> byte_scale_bits, byte_scale_bias;
  // For q2 and q3: factors of pairs of bytes; the even bytes before the odd ones; the upper half of
  // the scale of code 0 over the steps of LowBitLines, and the middle zero point in those steps.
  WasmConstant<std::int8_t> units_1_2, units_4_4;
  WasmConstant<std::uint8_t> bytes_by_half;
  WasmConstant<std::uint16_t> q2_scale, q3_scale;
  WasmConstant<std::int16_t> q2_zero, q3_zero;
  // Factors and bits that leave a row's zero point of q2 in the high nibble.
  WasmConstant<std::uint16_t> q2_zero_factors, q2_zero_bits;
  // For tables: the signs of the first and of the second of two floats in four sums; what floats
  // are rounded with; the order of a table's entries.
  WasmConstant<float> minus_first, minus_second, round_magic;
  WasmConstant<std::uint8_t> second_half_reversed;
  ExpConstants<WasmConstant<float>> exp;
};

extern const WasmConstants kWasmConstants;

template <typename T>
v128_t load_constant(const WasmConstant<T>& constant) noexcept {
  return wasm_v128_load(constant.data());
}
inline v128_t low_nibbles() noexcept {
  return load_constant(kWasmConstants.low_nibbles);
}
inline v128_t even_nibbles() noexcept {
  return load_constant(kWasmConstants.even_nibbles);
}
inline v128_t ones() noexcept {
  return load_constant(kWasmConstants.ones);
}

}  // namespace tessera::simd
