#include "quantization/q8.h"

#include <algorithm>
#include <cmath>

#include "base/half.h"
#include "quantization/round.h"

namespace tessera {
namespace {

// max / 127, rounded to f16: up where rounding down would clip the largest weight by over half a
// step, as it can among the coarse subnormals.
std::uint16_t choose_scale(float magnitude_max) noexcept {
  constexpr float kHalfMax = 65504.0f;
  const std::uint16_t scale = float_to_half(std::min(magnitude_max / 127.0f, kHalfMax));
  const bool clips = half_to_float(scale) * 127.5f < magnitude_max;
  return clips && half_to_float(scale) < kHalfMax ? static_cast<std::uint16_t>(scale + 1) : scale;
}

}  // namespace

void quantize_q8_block(const float* rows, std::int64_t stride, std::int64_t row_count,
                       std::int64_t column_count, std::byte* block) noexcept {
  Q8Block& out = *reinterpret_cast<Q8Block*>(block);
  out = Q8Block{};
  for (std::int64_t row = 0; row < row_count; ++row) {
    const float* weights = rows + row * stride;
    float magnitude_max = 0.0f;
    for (std::int64_t column = 0; column < column_count; ++column) {
      magnitude_max = std::max(magnitude_max, std::fabs(weights[column]));
    }
    out.scales[row] = choose_scale(magnitude_max);
    const float scale = half_to_float(out.scales[row]);
    if (scale == 0.0f) continue;
    for (std::int64_t column = 0; column < column_count; ++column) {
      const int quant = round_within(weights[column] / scale, -127.0f, 127.0f);
      out.quants[column / 4][row][column % 4] = static_cast<std::int8_t>(quant);
    }
  }
}

void dequantize_q8_row(const std::byte* block, std::int64_t row, float* out) noexcept {
  const Q8Block& in = *reinterpret_cast<const Q8Block*>(block);
  const float scale = half_to_float(in.scales[row]);
  for (std::int64_t column = 0; column < kGroupColumns; ++column) {
    out[column] = scale * static_cast<float>(in.quants[column / 4][row][column % 4]);
  }
}

}  // namespace tessera
