// q2: 2 bits per weight, one byte for the scale and one for the zero point per row and group of 32;
// 2.5 bits per weight.
//   weight = scale * (quant - zero), quant in 0..3 (quantization/low_bits.h)
//
// One block of 8 rows x 32 columns (tensor/panel.h), 80 bytes, five loads of 16:
//   | bytes    | content                                                                      |
//   | 0..7     | scales, one byte per row                                                     |
//   | 8..15    | zero points in steps of 1/64, one byte per row                               |
//   | 16..79   | low[i 0..3][row 0..7][bit 0..1]: bit j column 4i + j, 4 + j column 16 + 4i + j |
#pragma once

#include "quantization/low_bits.h"

namespace tessera {

struct Q2Block {
  static constexpr int kBits = 2;
  std::uint8_t scales[kPanelRows];
  std::uint8_t zeros[kPanelRows];
  LowPlane low;
};
static_assert(sizeof(Q2Block) == 80);

// quantize_block and dequantize_block_row of this format, as quantization/format.h states them.
void quantize_q2_block(const float* rows, std::int64_t stride, std::int64_t row_count,
                       std::int64_t column_count, std::byte* block) noexcept;
void dequantize_q2_row(const std::byte* block, std::int64_t row, float* out) noexcept;

}  // namespace tessera
