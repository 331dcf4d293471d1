// q4s: 4 bits per weight and a scale of one byte per row and group of 32; 4.25 bits per weight.
//   weight = scale * (quant - 8), quant in 0..15
//   scale  = (s < 128 ? 1 : -1) * 2^(e / 8 - 14) * (1 + (e % 8) / 8), s = the scale's byte and
//            e = s % 128, the quotient whole: magnitudes of 2^-14 to 3.75, in steps of 6 to 12 %
//
// The quants reach one step further down than up, so that the sign says at which end of a group its
// largest weight is. A scale never is zero: a weight of value zero has the quant 8.
//
// One block of 8 rows x 32 columns (tensor/panel.h), 136 bytes:
//   | bytes    | content                                                                      |
//   | 0..7     | scales, one byte per row                                                     |
//   | 8..135   | quants as in q4                                                              |
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>

#include "tensor/panel.h"

namespace tessera {

struct Q4SBlock {
  std::uint8_t scales[kPanelRows];
  std::uint8_t quants[4][kPanelRows][4];
};
static_assert(sizeof(Q4SBlock) == 136);

inline constexpr std::uint32_t kQ4SScaleBits = (127 - 14) << 23;  // of the smallest, as a float
inline constexpr float kQ4SScaleMin = 0x1p-14f;
inline constexpr float kQ4SScaleMax = 3.75f;

constexpr float q4s_scale(std::uint8_t code) noexcept {
  return std::bit_cast<float>((code & 128u) << 24 | ((code & 127u) << 20) + kQ4SScaleBits);
}

// The code of the nearest scale of the same sign.
constexpr std::uint8_t q4s_scale_code(float scale) noexcept {
  const auto sign = static_cast<std::uint8_t>(scale < 0.0f ? 128 : 0);
  const float magnitude = scale < 0.0f ? -scale : scale;
  if (!(magnitude > kQ4SScaleMin)) return sign;
  if (magnitude >= kQ4SScaleMax) return static_cast<std::uint8_t>(sign | 127);
  // Half a step is added to the fraction, which carries into the exponent where it must.
  const std::uint32_t raised = std::bit_cast<std::uint32_t>(magnitude) + (1u << 19);
  return static_cast<std::uint8_t>(sign | (raised - kQ4SScaleBits) >> 20);
}

static_assert(q4s_scale(0) == kQ4SScaleMin && q4s_scale(127) == kQ4SScaleMax &&
              q4s_scale(128 + 112) == -1.0f && q4s_scale(113) == 1.125f);
static_assert(q4s_scale_code(1.06f) == 112 && q4s_scale_code(-1.07f) == 128 + 113 &&
              q4s_scale_code(1.99f) == 120 && q4s_scale_code(0.0f) == 0);

// quantize_block and dequantize_block_row of this format, as quantization/format.h states them.
void quantize_q4s_block(const float* rows, std::int64_t stride, std::int64_t row_count,
                        std::int64_t column_count, std::byte* block) noexcept;
void dequantize_q4s_row(const std::byte* block, std::int64_t row, float* out) noexcept;

}  // namespace tessera
