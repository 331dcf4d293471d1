#include "quantization/q4s.h"

#include "quantization/symmetric_scale.h"

namespace tessera {
namespace {

struct Codec {
  using Code = std::uint8_t;
  static Code encode(float scale) noexcept { return q4s_scale_code(scale); }
  static float decode(Code code) noexcept { return q4s_scale(code); }
};

}  // namespace

void quantize_q4s_block(const float* rows, std::int64_t stride, std::int64_t row_count,
                        std::int64_t column_count, std::byte* block) noexcept {
  quantize_symmetric_block<Q4SBlock, Codec>(rows, stride, row_count, column_count, block);
}

void dequantize_q4s_row(const std::byte* block, std::int64_t row, float* out) noexcept {
  dequantize_symmetric_row<Q4SBlock, Codec>(block, row, out);
}

}  // namespace tessera
