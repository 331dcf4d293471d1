// Compiled without link-time optimization: see simd/wasm_constants.h.
#if defined(__wasm_simd128__)
#include "backends/cpu/simd/wasm_constants.h"

#include "quantization/low_bits.h"
#include "quantization/q4s.h"

namespace tessera::simd {
namespace {

template <typename T>
constexpr WasmConstant<T> repeated(T even, T odd) {
  WasmConstant<T> constant{};
  for (std::size_t i = 0; i < constant.size(); ++i) constant[i] = i % 2 == 0 ? even : odd;
  return constant;
}
template <typename T>
constexpr WasmConstant<T> repeated(T value) {
  return repeated(value, value);
}

}  // namespace

const WasmConstants kWasmConstants = {
    .low_nibbles = repeated<std::uint8_t>(0x0f),
    .even_nibbles = repeated<std::uint16_t>(0x0f),
    .ones = repeated<std::int16_t>(1),
    .sign_bits = repeated<std::uint8_t>(0x80),
    .half_bits = repeated(0x8fffe000u),
    .half_scale = repeated(0x1p112f),
    .byte_scale_bits = repeated(0x87f00000u),
    .byte_scale_bias = repeated(kQ4SScaleBits),
    .units_1_2 = repeated<std::int8_t>(1, 2),
    .units_4_4 = repeated<std::int8_t>(4),
    .bytes_by_half = {0, 2, 4, 6, 8, 10, 12, 14, 1, 3, 5, 7, 9, 11, 13, 15},
    .q2_scale = repeated<std::uint16_t>((kLowBitScaleExponentMin - 7) << 7),
    .q3_scale = repeated<std::uint16_t>((kLowBitScaleExponentMin - 5) << 7),
    .q2_zero = repeated<std::int16_t>(16 * zero_middle(2)),
    .q3_zero = repeated<std::int16_t>(zero_middle(3)),
    .q2_zero_factors = {16, 16, 16, 16, 1, 1, 1, 1},
    .q2_zero_bits = repeated<std::uint16_t>(0xf0),
    .minus_first = {-0.0f, 0.0f, -0.0f, 0.0f},
    .minus_second = {-0.0f, -0.0f, 0.0f, 0.0f},
    .round_magic = repeated(12582912.0f),
    .second_half_reversed = {0, 1, 2, 3, 4, 5, 6, 7, 15, 14, 13, 12, 11, 10, 9, 8},
    .exp = each_exp_constant(kExpConstants, [](float number) { return repeated(number); }),
};

}  // namespace tessera::simd
#endif
