// Constants that loops of a Wasm build keep in a register. V8 builds a v128.const anew in every
// turn of a loop, with three instructions; what was loaded from memory before the loop stays in a
// local. The compiler must not see the values, or it would make v128.const of them again: they are
// defined in a file that takes no part in link-time optimization.
#pragma once

#include <wasm_simd128.h>

#include <cstdint>

namespace tessera::simd {

struct WasmConstants {
  std::uint8_t low_nibbles[16];   // 0x0f in every byte
  std::uint16_t even_nibbles[8];  // 0x000f in every 16 bits
  std::int16_t ones[8];
  std::uint32_t half_bits[4];  // sign, exponent and fraction of an f16 shifted left by 13
  float half_scale[4];         // 2^112, which moves an f16's exponent to where f32 has it
};

extern const WasmConstants kWasmConstants;

inline v128_t low_nibbles() noexcept {
  return wasm_v128_load(kWasmConstants.low_nibbles);
}
inline v128_t even_nibbles() noexcept {
  return wasm_v128_load(kWasmConstants.even_nibbles);
}
inline v128_t ones() noexcept {
  return wasm_v128_load(kWasmConstants.ones);
}

}  // namespace tessera::simd
