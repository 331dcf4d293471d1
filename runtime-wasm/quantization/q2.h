// q2: 2 bits per weight, one byte for the scale and four bits for the zero point per row and group
// of 32; 2.375 bits per weight.
//   weight = scale * (quant - zero), quant in 0..3 (quantization/low_bits.h)
//
// One block of 8 rows x 32 columns (tensor/panel.h), 76 bytes:
//   | bytes    | content                                                                      |
//   | 0..7     | scales, one byte per row                                                     |
//   | 8..11    | zero points: of byte i the low nibble is that of row i, the high one of row 4 + i
//   | | 12..75   | low[i 0..3][row 0..7][bit 0..1]: bit j column 4i + j, 4 + j column 16 + 4i + j |
#pragma once

#include "quantization/low_bits.h"

namespace tessera {

struct Q2Block {
  static constexpr int kBits = 2;
  std::uint8_t scales[kPanelRows];
  std::uint8_t zeros[kPanelRows / 2];
  LowPlane low;
};
static_assert(sizeof(Q2Block) == 76);

// quantize_block and dequantize_block_row of this format, as quantization/format.h states them.
void quantize_q2_block(const float* rows, std::int64_t stride, std::int64_t row_count,
                       std::int64_t column_count, std::byte* block) noexcept;
void dequantize_q2_row(const std::byte* block, std::int64_t row, float* out) noexcept;

}  // namespace tessera
