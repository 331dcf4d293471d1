// q8: 8 bits per weight and one f16 scale per row and group of 32; 8.5 bits per weight.
//   weight = scale * quant, quant in -128..127
//
// One block of 8 rows x 32 columns (tensor/panel.h), 272 bytes:
//   | bytes    | content                                                    |
//   | 0..15    | scales, f16, one per row                                   |
//   | 16..271  | quants[chunk 0..7][row 0..7][j 0..3]: column 4*chunk + j   |
#pragma once

#include <cstddef>
#include <cstdint>

#include "tensor/panel.h"

namespace tessera {

struct Q8Block {
  std::uint16_t scales[kPanelRows];
  std::int8_t quants[8][kPanelRows][4];
};
static_assert(sizeof(Q8Block) == 272);

// quantize_block and dequantize_block_row of this format, as quantization/format.h states them.
void quantize_q8_block(const float* rows, std::int64_t stride, std::int64_t row_count,
                       std::int64_t column_count, std::byte* block) noexcept;
void dequantize_q8_row(const std::byte* block, std::int64_t row, float* out) noexcept;

}  // namespace tessera
