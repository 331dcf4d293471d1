// ggml's block formats, little-endian: how a block's numbers follow from its bytes.
//
//   | format | elements | bytes | content                                                         |
//   | Q8_0   |  32      |  34   | d f16, q int8[32]: d * q                                        |
//   | Q4_0   |  32      |  18   | d f16, nibbles[16]: d * (q - 8)                                 |
//   | Q4_1   |  32      |  20   | d f16, m f16, nibbles[16]: d * q + m                            |
//   | Q5_0   |  32      |  22   | d f16, high bits u32, nibbles[16]: d * (q - 16)                 |
//   | Q5_1   |  32      |  24   | d f16, m f16, high bits u32, nibbles[16]: d * q + m             |
//   | Q4_K   | 256      | 144   | d f16, dmin f16, 8 scales and 8 minimums of 6 bits [12],        |
//   |        |          |       | nibbles[128]: d * scale * q - dmin * minimum                    |
//   | Q5_K   | 256      | 176   | d, dmin, scales [12] as in Q4_K, high bits[32], nibbles[128]    |
//   | Q6_K   | 256      | 210   | low nibbles[128], high pairs[64], scales int8[16], d f16:       |
//   |        |          |       | d * scale * (q - 32)                                            |
//
// In the 32-element formats the low nibbles are elements 0..15, the high ones 16..31.
#pragma once

#include <cstddef>

#include "package/stored_format.h"

namespace tessera {

void q8_0_to_floats(const std::byte* block, float* out) noexcept;
void q4_0_to_floats(const std::byte* block, float* out) noexcept;
void q4_1_to_floats(const std::byte* block, float* out) noexcept;
void q5_0_to_floats(const std::byte* block, float* out) noexcept;
void q5_1_to_floats(const std::byte* block, float* out) noexcept;
void q4_k_to_floats(const std::byte* block, float* out) noexcept;
void q5_k_to_floats(const std::byte* block, float* out) noexcept;
void q6_k_to_floats(const std::byte* block, float* out) noexcept;

void unpack_q8_0(const std::byte* block, UnpackedBlock& out) noexcept;  // to q8
void unpack_q4_0(const std::byte* block, UnpackedBlock& out) noexcept;  // to q4
void unpack_q4_1(const std::byte* block, UnpackedBlock& out) noexcept;  // to q4m
void unpack_q5_0(const std::byte* block, UnpackedBlock& out) noexcept;  // to q8
void unpack_q4_k(const std::byte* block, UnpackedBlock& out) noexcept;  // to q4m

}  // namespace tessera
