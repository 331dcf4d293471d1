#include "quantization/q4.h"

#include <algorithm>

#include "base/half.h"
#include "quantization/symmetric_scale.h"

namespace tessera {
namespace {

struct Codec {
  using Code = std::uint16_t;
  static Code encode(float scale) noexcept {
    return float_to_half(std::clamp(scale, -65504.0f, 65504.0f));
  }
  static float decode(Code code) noexcept { return half_to_float(code); }
};

}  // namespace

void quantize_q4_block(const float* rows, std::int64_t stride, std::int64_t row_count,
                       std::int64_t column_count, std::byte* block) noexcept {
  quantize_symmetric_block<Q4Block, Codec>(rows, stride, row_count, column_count, block);
}

void dequantize_q4_row(const std::byte* block, std::int64_t row, float* out) noexcept {
  dequantize_symmetric_row<Q4Block, Codec>(block, row, out);
}

}  // namespace tessera
