// What q2 and q3 share: a byte for a group's scale, a zero point, and the planes of bits that their
// quants lie in.
//   weight = scale * (quant - zero)
//   scale  = 2^(s / 16 - 13) * (1 + (s % 16) / 16), s = the scale's byte: 2^-13 to 7.75, in steps
//            of 3 to 6 %
//   zero   = 1/2 + z / 8, z = four bits (q2), or z / 32, z = a byte (q3)
//
// A scale never is zero: weights of value zero have a zero point that is their quant. Zero points
// of 2 bits lie around the middle of the quants, 1.5, a third of a quant away in the mean square.
// Decoding a scale takes a shift and an addition to the exponent of a float, on a GPU as on a
// processor, and no subnormal number occurs.
//
// Quants lie bit by bit, four neighbouring columns in a nibble: a nibble is an index into a table
// of what sums four activations have, and one load holds eight rows' nibbles of the same columns.
// The low planes hold bits 0 and 1: byte low[i 0..3][row 0..7][bit 0..1] has that bit of columns
// 4i + j in its bit j and of columns 16 + 4i + j in its bit 4 + j. The high plane of q3 holds bit
// 2: byte high[i 0..1][row][half 0..1] has that of columns 4 * (i + 2 * half) + j in its bit j and
// of those 16 further in its bit 4 + j.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>

#include "tensor/panel.h"

namespace tessera {

inline constexpr std::uint32_t kLowBitScaleExponentMin = 127 - 13;  // of a float32
inline constexpr float kLowBitScaleMin = 0x1p-13f;
inline constexpr float kLowBitScaleMax = 7.75f;

using LowPlane = std::uint8_t[4][kPanelRows][2];
using HighPlane = std::uint8_t[2][kPanelRows][2];

// The codes of a group's scale and zero point.
struct LowBitLine {
  std::uint8_t scale = 0;
  std::uint8_t zero = 0;
};

constexpr int quant_max(int bits) {
  return (1 << bits) - 1;
}
// Steps of the stored zero point in one quant: 8 for 2 bits, 32 for 3.
constexpr float zero_steps(int bits) {
  return bits == 2 ? 8.0f : 32.0f;
}
constexpr int zero_code_max(int bits) {
  return bits == 2 ? 15 : 255;
}
// The code of the zero point in the middle of the quants: 1.5 of 2 bits, 3.5 of 3.
constexpr int zero_middle(int bits) {
  return bits == 2 ? 8 : 112;
}
constexpr float low_bit_scale(std::uint8_t code) {
  return std::bit_cast<float>((static_cast<std::uint32_t>(code) << 19) +
                              (kLowBitScaleExponentMin << 23));
}
constexpr float low_bit_zero(std::uint8_t code, int bits) {
  const int from_middle = static_cast<int>(code) - zero_middle(bits);
  return 0.5f * static_cast<float>(quant_max(bits)) +
         static_cast<float>(from_middle) / zero_steps(bits);
}

// The nearest scale and zero point that can be stored. REQUIRES: bits is 2 or 3.
LowBitLine encode_low_bit_line(float scale, float zero, int bits) noexcept;

// The stored line of least squared error, each error weighted with its `importance` (null: all 1),
// that a search over ranges with least-squares refits finds. REQUIRES: count <= 32.
LowBitLine fit_low_bit_line(const float* weights, const float* importance, std::int64_t count,
                            int bits) noexcept;

// The nearest quant of a weight.
int low_bit_quant(float weight, const LowBitLine& line, int bits) noexcept;

// REQUIRES for all four: 0 <= row < 8, 0 <= column < 32. Writing sets bits that are still zero.
int read_low_plane(const LowPlane& plane, std::int64_t row, std::int64_t column) noexcept;
int read_high_plane(const HighPlane& plane, std::int64_t row, std::int64_t column) noexcept;
void write_low_plane(LowPlane& plane, std::int64_t row, std::int64_t column, int quant) noexcept;
void write_high_plane(HighPlane& plane, std::int64_t row, std::int64_t column, int bit) noexcept;

}  // namespace tessera
