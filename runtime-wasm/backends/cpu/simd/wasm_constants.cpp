// Compiled without link-time optimization: see simd/wasm_constants.h.
#if defined(__wasm_simd128__)
#include "backends/cpu/simd/wasm_constants.h"

namespace tessera::simd {

constexpr std::uint8_t kByte = 0x0f;
constexpr std::uint32_t kHalfBits = 0x8fffe000u;

const WasmConstants kWasmConstants = {
    {kByte, kByte, kByte, kByte, kByte, kByte, kByte, kByte, kByte, kByte, kByte, kByte, kByte,
     kByte, kByte, kByte},
    {15, 15, 15, 15, 15, 15, 15, 15},
    {1, 1, 1, 1, 1, 1, 1, 1},
    {kHalfBits, kHalfBits, kHalfBits, kHalfBits},
    {0x1p112f, 0x1p112f, 0x1p112f, 0x1p112f},
};

}  // namespace tessera::simd
#endif
