// q4: 4 bits per weight and one f16 scale per row and group of 32; 4.5 bits per weight.
//   weight = scale * (quant - 8), quant in 0..15
//
// One block of 8 rows x 32 columns (tensor/panel.h), 144 bytes:
//   | bytes    | content                                                                      |
//   | 0..15    | scales, f16, one per row                                                     |
//   | 16..143  | quants[chunk 0..3][row 0..7][j 0..3]: low nibble column 4*chunk + j,         |
//   |          |                                       high nibble column 16 + 4*chunk + j    |
#pragma once

#include <cstddef>
#include <cstdint>

#include "tensor/panel.h"

namespace tessera {

struct Q4Block {
  std::uint16_t scales[kPanelRows];
  std::uint8_t quants[4][kPanelRows][4];
};
static_assert(sizeof(Q4Block) == 144);

// quantize_block and dequantize_block_row of this format, as quantization/format.h states them.
void quantize_q4_block(const float* rows, std::int64_t stride, std::int64_t row_count,
                       std::int64_t column_count, std::byte* block) noexcept;
void dequantize_q4_row(const std::byte* block, std::int64_t row, float* out) noexcept;

}  // namespace tessera
