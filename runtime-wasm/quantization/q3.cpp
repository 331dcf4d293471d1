#include "quantization/q3.h"

#include "quantization/low_bit_blocks.h"

namespace tessera {

void quantize_q3_block(const float* rows, std::int64_t stride, std::int64_t row_count,
                       std::int64_t column_count, std::byte* block) noexcept {
  quantize_low_bit_block<Q3Block>(rows, stride, row_count, column_count, block);
}

void dequantize_q3_row(const std::byte* block, std::int64_t row, float* out) noexcept {
  dequantize_low_bit_row<Q3Block>(block, row, out);
}

}  // namespace tessera
