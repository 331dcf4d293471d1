#include "quantization/q4.h"

#include <algorithm>
#include <cmath>

#include "base/half.h"
#include "quantization/nibbles.h"
#include "quantization/round.h"

namespace tessera {
namespace {

// A scale, and the sum of squared errors it leaves.
struct Candidate {
  std::uint16_t scale = 0;
  float error = 0.0f;
};

float signed_quant(float weight, float inverse_scale) noexcept {
  return static_cast<float>(round_within(weight * inverse_scale, -8.0f, 7.0f));
}

float squared_error(const float* weights, std::int64_t count, float scale) noexcept {
  const float inverse = 1.0f / scale;
  float error = 0.0f;
  for (std::int64_t i = 0; i < count; ++i) {
    const float difference = weights[i] - scale * signed_quant(weights[i], inverse);
    error += difference * difference;
  }
  return error;
}

// The scale that fits the integers of `scale` best: least squares, sum(w q) / sum(q q).
float refit(const float* weights, std::int64_t count, float scale) noexcept {
  const float inverse = 1.0f / scale;
  float product = 0.0f;
  float square = 0.0f;
  for (std::int64_t i = 0; i < count; ++i) {
    const float quant = signed_quant(weights[i], inverse);
    product += weights[i] * quant;
    square += quant * quant;
  }
  return square > 0.0f ? product / square : scale;
}

void consider(const float* weights, std::int64_t count, float scale, Candidate& best) noexcept {
  const std::uint16_t half = float_to_half(std::clamp(scale, -65504.0f, 65504.0f));
  const float rounded = half_to_float(half);
  if (rounded == 0.0f) return;
  const float error = squared_error(weights, count, rounded);
  if (error < best.error) best = Candidate{half, error};
}

// The scale of least squared error among those that put the extreme weight of either sign between
// 6.5 and 9 steps from zero, each followed by a least-squares refit. The range -8..7 is not
// symmetric, so negative scales are tried as well.
std::uint16_t choose_scale(const float* weights, std::int64_t count) noexcept {
  float extreme = 0.0f;
  Candidate best;
  for (std::int64_t i = 0; i < count; ++i) {
    best.error += weights[i] * weights[i];
    if (std::fabs(weights[i]) > std::fabs(extreme)) extreme = weights[i];
  }
  if (extreme == 0.0f) return 0;
  for (float steps = 6.5f; steps < 9.01f; steps += 0.125f) {
    for (const float scale : {extreme / -steps, extreme / steps}) {
      if (scale == 0.0f) continue;
      consider(weights, count, scale, best);
      consider(weights, count, refit(weights, count, scale), best);
    }
  }
  return best.scale;
}

}  // namespace

void quantize_q4_block(const float* rows, std::int64_t stride, std::int64_t row_count,
                       std::int64_t column_count, std::byte* block) noexcept {
  Q4Block& out = *reinterpret_cast<Q4Block*>(block);
  out = Q4Block{};
  for (std::int64_t row = 0; row < kPanelRows; ++row) {
    const std::int64_t count = row < row_count ? column_count : 0;
    const float* weights = count > 0 ? rows + row * stride : nullptr;
    if (count > 0) out.scales[row] = choose_scale(weights, count);
    const float scale = half_to_float(out.scales[row]);
    const float inverse = scale == 0.0f ? 0.0f : 1.0f / scale;
    for (std::int64_t column = 0; column < kGroupColumns; ++column) {
      const float quant = column < count ? signed_quant(weights[column], inverse) : 0.0f;
      write_nibble(out.quants, row, column, static_cast<int>(quant) + 8);
    }
  }
}

void dequantize_q4_row(const std::byte* block, std::int64_t row, float* out) noexcept {
  const Q4Block& in = *reinterpret_cast<const Q4Block*>(block);
  const float scale = half_to_float(in.scales[row]);
  for (std::int64_t column = 0; column < kGroupColumns; ++column) {
    out[column] = scale * static_cast<float>(read_nibble(in.quants, row, column) - 8);
  }
}

}  // namespace tessera
