// fit_line: a group of weights is at most four vectors of eight floats.
#include <cmath>

#include "base/check.h"
#include "calibration/grid.h"
#include "tensor/panel.h"

namespace tessera::calibration {
namespace {

constexpr int kLanes = 8;
constexpr int kVectors = kGroupColumns / kLanes;
typedef float Floats __attribute__((vector_size(kLanes * sizeof(float))));

float sum_of(Floats values) {
  float sum = 0.0f;
  for (int i = 0; i < kLanes; ++i) sum += values[i];
  return sum;
}

struct Group {
  DataType type;
  float top;
  Floats weights[kVectors] = {}, importance[kVectors] = {};  // importance 0 beyond the last weight
  float importance_sum = 0.0f, weight_sum = 0.0f;
  float low = 0.0f, high = 0.0f;  // the range of the weights and zero

  Group(DataType group_type, const float* from, const float* importance_from, std::int64_t count)
      : type(group_type), top(static_cast<float>(quant_max(group_type))) {
    for (std::int64_t i = 0; i < count; ++i) {
      weights[i / kLanes][i % kLanes] = from[i];
      importance[i / kLanes][i % kLanes] = importance_from[i];
      importance_sum += importance_from[i];
      weight_sum += importance_from[i] * from[i];
      low = std::min(low, from[i]);
      high = std::max(high, from[i]);
    }
  }
};

// A line's weighted squared error, and the weighted sums over its quants less an offset that
// regression takes.
struct Fit {
  float error = 0.0f, quant = 0.0f, product = 0.0f, square = 0.0f;
};

Fit evaluate(const Group& group, const Line& line, float offset) {
  constexpr float kMagic = 12582912.0f;  // as in quantization/round.h
  const float inverse = line.scale == 0.0f ? 0.0f : 1.0f / line.scale;
  Floats error = {}, quant = {}, product = {}, square = {};
  for (int i = 0; i < kVectors; ++i) {
    const Floats w = group.weights[i], h = group.importance[i];
    Floats steps = w * inverse + line.zero;
    steps = __builtin_elementwise_max(steps, Floats{});
    steps = __builtin_elementwise_min(steps, Floats{} + group.top);
    const Floats q = (steps + kMagic) - kMagic;
    const Floats e = w - line.scale * (q - line.zero);
    const Floats hq = h * (q - offset);
    error += h * e * e;
    quant += hq;
    product += hq * w;
    square += hq * (q - offset);
  }
  return {sum_of(error), sum_of(quant), sum_of(product), sum_of(square)};
}

// Where zero points are few the line keeps its own: others are candidates of their own.
bool is_affine(DataType type) {
  return has_zero_point(type) && few_zero_points(type).empty();
}

// Weighted least squares of the weights on the quants that they have with `line`.
Line refit(const Group& group, const Line& line, const Fit& fit) {
  if (!is_affine(group.type)) {
    if (!(fit.square > 0.0f)) return line;
    return encode_line(group.type, fit.product / fit.square, line.zero);
  }
  const double sum = group.importance_sum;
  const double determinant = sum * fit.square - double{fit.quant} * fit.quant;
  if (!(determinant > 1e-6 * sum * fit.square)) return line;
  const double slope = (sum * fit.product - double{group.weight_sum} * fit.quant) / determinant;
  if (!(slope > 0.0)) return line;
  const double scale = double{encode_line(group.type, static_cast<float>(slope), 0.0f).scale};
  return encode_line(group.type, static_cast<float>(scale),
                     static_cast<float>((fit.quant - group.weight_sum / scale) / sum));
}

// The best line yet, and its error.
struct Best {
  Line line;
  float error;

  // Tries a line, and what refits make of it.
  void consider(const Group& group, Line line_tried) {
    constexpr int kRounds = 3;
    const float offset = is_affine(group.type) ? 0.0f : line_tried.zero;
    for (int round = 0; round < kRounds; ++round) {
      const Fit fit = evaluate(group, line_tried, offset);
      if (fit.error < error) {
        error = fit.error;
        line = line_tried;
      }
      const Line next = refit(group, line_tried, fit);
      if (next.scale == line_tried.scale && next.zero == line_tried.zero) return;
      line_tried = next;
    }
  }
};

}  // namespace

Line fit_line(DataType type, const float* weights, const float* importance, std::int64_t count) {
  TESSERA_CHECK(count <= kGroupColumns);
  const Group group(type, weights, importance, count);
  Best best{encode_line(type, 0.0f, 1.0f), 0.0f};
  best.error = evaluate(group, best.line, 0.0f).error;
  const std::span<const float> zeros = few_zero_points(type);
  if (has_zero_point(type)) {
    for (float share = 0.4f; share < 1.06f; share += 0.05f) {
      const float scale = share * (group.high - group.low) / group.top;
      if (!(scale > 0.0f)) continue;
      for (const float zero : zeros) best.consider(group, encode_line(type, scale, zero));
      if (!zeros.empty()) continue;
      const float zero = 0.5f * group.top - 0.5f * (group.low + group.high) / scale;
      best.consider(group, encode_line(type, scale, zero));
    }
    return best.line;
  }
  const float extreme = group.high > -group.low ? group.high : group.low;
  const float half = 0.5f * (group.top + 1.0f);
  for (float share = 0.7f; share < 1.16f; share += 0.03f) {
    best.consider(group, encode_line(type, -share * extreme / half, 0.0f));
    best.consider(group, encode_line(type, share * extreme / half, 0.0f));
  }
  return best.line;
}

}  // namespace tessera::calibration
