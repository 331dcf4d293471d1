// Unsigned bytes as 32-bit integers, for both kinds of Wasm. See simd/low_bit_dot.h.
#pragma once

#include "backends/cpu/simd/wasm.h"

namespace tessera::simd {

inline I32 load_bytes(const std::uint8_t* from) noexcept {
  return {wasm_u32x4_extend_low_u16x8(wasm_u16x8_extend_low_u8x16(wasm_v128_load32_zero(from)))};
}

}  // namespace tessera::simd
