#include "quantization/q4m.h"

#include <algorithm>
#include <cmath>

#include "base/half.h"
#include "quantization/nibbles.h"
#include "quantization/round.h"

namespace tessera {
namespace {

struct Line {
  float scale = 0.0f;
  float minimum = 0.0f;
};

// A line as it is stored, and the sum of squared errors it leaves.
struct Candidate {
  std::uint16_t scale = 0;
  std::uint16_t minimum = 0;
  float error = 0.0f;
};

float inverse_of(float scale) noexcept {
  return scale == 0.0f ? 0.0f : 1.0f / scale;
}

float quant_of(float weight, float inverse_scale, float minimum) noexcept {
  const float steps = (weight - minimum) * inverse_scale;
  return static_cast<float>(round_within(steps, 0.0f, 15.0f));
}

Candidate evaluate(const float* weights, std::int64_t count, const Line& line) noexcept {
  Candidate candidate;
  candidate.scale = float_to_half(std::min(line.scale, 65504.0f));
  candidate.minimum = float_to_half(std::clamp(line.minimum, -65504.0f, 65504.0f));
  // The reciprocal of the smallest subnormals overflows; such a range is a constant for all
  // purposes.
  if (half_to_float(candidate.scale) < 0x1p-23f) candidate.scale = 0;
  const float scale = half_to_float(candidate.scale);
  const float minimum = half_to_float(candidate.minimum);
  const float inverse = inverse_of(scale);
  for (std::int64_t i = 0; i < count; ++i) {
    const float value = scale * quant_of(weights[i], inverse, minimum) + minimum;
    candidate.error += (weights[i] - value) * (weights[i] - value);
  }
  return candidate;
}

// The line that fits the integers of `line` best: linear regression of the weights on them.
Line refit(const float* weights, std::int64_t count, const Line& line) noexcept {
  const float inverse = inverse_of(line.scale);
  float sum_weight = 0.0f, sum_quant = 0.0f, sum_product = 0.0f, sum_square = 0.0f;
  for (std::int64_t i = 0; i < count; ++i) {
    const float offset = weights[i] - line.minimum;
    const float quant = quant_of(weights[i], inverse, line.minimum);
    sum_weight += offset;
    sum_quant += quant;
    sum_product += offset * quant;
    sum_square += quant * quant;
  }
  const auto n = static_cast<float>(count);
  const float determinant = n * sum_square - sum_quant * sum_quant;
  if (determinant <= 0.0f) return line;
  const float scale = (n * sum_product - sum_weight * sum_quant) / determinant;
  return Line{scale, line.minimum + (sum_weight - scale * sum_quant) / n};
}

// The line of least squared error among those whose 16 values span 80 % to 105 % of the weights'
// range, centred on it, each followed by a least-squares refit.
Candidate choose_line(const float* weights, std::int64_t count) noexcept {
  const auto [low, high] = std::minmax_element(weights, weights + count);
  const float centre = 0.5f * *low + 0.5f * *high;
  const float range = *high - *low;
  Candidate best = evaluate(weights, count, Line{range / 15.0f, *low});
  for (float share = 0.8f; share < 1.06f; share += 0.0125f) {
    const Line line{share * range / 15.0f, centre - 0.5f * share * range};
    for (const Line& trial : {line, refit(weights, count, line)}) {
      if (!(trial.scale >= 0.0f)) continue;
      const Candidate candidate = evaluate(weights, count, trial);
      if (candidate.error < best.error) best = candidate;
    }
  }
  return best;
}

}  // namespace

void quantize_q4m_block(const float* rows, std::int64_t stride, std::int64_t row_count,
                        std::int64_t column_count, std::byte* block) noexcept {
  Q4MBlock& out = *reinterpret_cast<Q4MBlock*>(block);
  out = Q4MBlock{};
  if (column_count == 0) return;
  for (std::int64_t row = 0; row < row_count; ++row) {
    const float* weights = rows + row * stride;
    const Candidate line = choose_line(weights, column_count);
    out.scales[row] = line.scale;
    out.minimums[row] = line.minimum;
    const float inverse = inverse_of(half_to_float(line.scale));
    const float minimum = half_to_float(line.minimum);
    for (std::int64_t column = 0; column < kGroupColumns; ++column) {
      const float weight = column < column_count ? weights[column] : 0.0f;
      const float quant = quant_of(weight, inverse, minimum);
      write_nibble(out.quants, row, column, static_cast<int>(quant));
    }
  }
}

void dequantize_q4m_row(const std::byte* block, std::int64_t row, float* out) noexcept {
  const Q4MBlock& in = *reinterpret_cast<const Q4MBlock*>(block);
  const float scale = half_to_float(in.scales[row]);
  const float minimum = half_to_float(in.minimums[row]);
  for (std::int64_t column = 0; column < kGroupColumns; ++column) {
    out[column] = scale * static_cast<float>(read_nibble(in.quants, row, column)) + minimum;
  }
}

}  // namespace tessera
