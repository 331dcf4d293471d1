#include "quantization/q2.h"

#include "quantization/low_bit_blocks.h"

namespace tessera {

void quantize_q2_block(const float* rows, std::int64_t stride, std::int64_t row_count,
                       std::int64_t column_count, std::byte* block) noexcept {
  quantize_low_bit_block<Q2Block>(rows, stride, row_count, column_count, block);
}

void dequantize_q2_row(const std::byte* block, std::int64_t row, float* out) noexcept {
  dequantize_low_bit_row<Q2Block>(block, row, out);
}

}  // namespace tessera
