// Compiled without link-time optimization: see simd/wasm_constants.h.
#if defined(__wasm_simd128__)
#include "backends/cpu/simd/wasm_constants.h"

#include "quantization/low_bits.h"

namespace tessera::simd {
namespace {

template <typename T>
constexpr WasmConstant<T> repeated(T value) {
  WasmConstant<T> constant{};
  for (T& lane : constant) lane = value;
  return constant;
}

}  // namespace

const WasmConstants kWasmConstants = {
    .low_nibbles = repeated<std::uint8_t>(0x0f),
    .even_nibbles = repeated<std::uint16_t>(0x0f),
    .ones = repeated<std::int16_t>(1),
    .half_bits = repeated(0x8fffe000u),
    .half_scale = repeated(0x1p112f),
    .bytes_03 = repeated<std::uint8_t>(0x03),
    .bytes_07 = repeated<std::uint8_t>(0x07),
    .bytes_0c = repeated<std::uint8_t>(0x0c),
    .bytes_33 = repeated<std::uint8_t>(0x33),
    .bytes_44 = repeated<std::uint8_t>(0x44),
    .scale_by_64 = repeated<std::uint16_t>((kLowBitScaleExponentMin - 6) << 7),
    .scale_by_32 = repeated<std::uint16_t>((kLowBitScaleExponentMin - 5) << 7),
    .words_16 = repeated<std::int16_t>(16),
    .words_32 = repeated<std::int16_t>(32),
    .words_64 = repeated<std::int16_t>(64),
};

}  // namespace tessera::simd
#endif
