// q4m: 4 bits per weight, one f16 scale and one f16 minimum per row and group of 32; 5 bits per
// weight.
//   weight = scale * quant + minimum, quant in 0..15
//
// One block of 8 rows x 32 columns (tensor/panel.h), 160 bytes:
//   | bytes    | content                                                                      |
//   | 0..15    | scales, f16, one per row                                                     |
//   | 16..31   | minimums, f16, one per row                                                   |
//   | 32..159  | quants as in q4                                                              |
#pragma once

#include <cstddef>
#include <cstdint>

#include "tensor/panel.h"

namespace tessera {

struct Q4MBlock {
  std::uint16_t scales[kPanelRows];
  std::uint16_t minimums[kPanelRows];
  std::uint8_t quants[4][kPanelRows][4];
};
static_assert(sizeof(Q4MBlock) == 160);

// quantize_block and dequantize_block_row of this format, as quantization/format.h states them.
void quantize_q4m_block(const float* rows, std::int64_t stride, std::int64_t row_count,
                        std::int64_t column_count, std::byte* block) noexcept;
void dequantize_q4m_row(const std::byte* block, std::int64_t row, float* out) noexcept;

}  // namespace tessera
