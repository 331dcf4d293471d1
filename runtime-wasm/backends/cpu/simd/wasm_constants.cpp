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
    .half_bits = repeated(0x8fffe000u),
    .half_scale = repeated(0x1p112f),
    .byte_scale_bits = repeated(0x87f00000u),
    .byte_scale_bias = repeated(kQ4SScaleBits),
    .units_1_2 = repeated<std::int8_t>(1, 2),
    .units_4_4 = repeated<std::int8_t>(4),
    .even_bytes = repeated<std::int8_t>(-1, 0),
    .q2_scale = repeated<std::uint16_t>((kLowBitScaleExponentMin - 3) << 7),
    .q3_scale = repeated<std::uint16_t>((kLowBitScaleExponentMin - 5) << 7),
    .q2_zero = repeated<std::int16_t>(zero_middle(2)),
    .q3_zero = repeated<std::int16_t>(zero_middle(3)),
};

}  // namespace tessera::simd
#endif
