#include "quantization/low_bits.h"

#include <algorithm>
#include <cmath>

#include "quantization/round.h"

namespace tessera {
namespace {

// Weights of one row in one group, and how much the error of each counts.
struct Group {
  const float* weights;
  const float* importance;
  std::int64_t count;

  float importance_of(std::int64_t i) const { return importance == nullptr ? 1.0f : importance[i]; }
};

// A stored line, and the weighted sum of squared errors that it leaves.
struct Candidate {
  LowBitLine line;
  float error = 0.0f;
};

Candidate evaluate(const Group& group, const LowBitLine& line, int bits) noexcept {
  const float scale = low_bit_scale(line.scale);
  const float zero = low_bit_zero(line.zero, bits);
  Candidate candidate{line, 0.0f};
  for (std::int64_t i = 0; i < group.count; ++i) {
    const auto quant = static_cast<float>(low_bit_quant(group.weights[i], line, bits));
    const float error = group.weights[i] - scale * (quant - zero);
    candidate.error += group.importance_of(i) * error * error;
  }
  return candidate;
}

// The scale of least weighted squared error with zero point and quants fixed.
LowBitLine refit_scale(const Group& group, const LowBitLine& line, int bits) noexcept {
  const float zero = low_bit_zero(line.zero, bits);
  float product = 0.0f, square = 0.0f;
  for (std::int64_t i = 0; i < group.count; ++i) {
    const float h = group.importance_of(i);
    const float q = static_cast<float>(low_bit_quant(group.weights[i], line, bits)) - zero;
    product += h * q * group.weights[i];
    square += h * q * q;
  }
  return square > 0.0f ? encode_low_bit_line(product / square, zero, bits) : line;
}

// Weighted linear regression of the weights on the quants that they have now. The zero point is
// fitted to the scale as it is stored.
LowBitLine refit(const Group& group, const LowBitLine& line, int bits) noexcept {
  float sum = 0.0f, weight = 0.0f, quant = 0.0f, product = 0.0f, square = 0.0f;
  for (std::int64_t i = 0; i < group.count; ++i) {
    const float h = group.importance_of(i);
    const auto q = static_cast<float>(low_bit_quant(group.weights[i], line, bits));
    sum += h;
    weight += h * group.weights[i];
    quant += h * q;
    product += h * q * group.weights[i];
    square += h * q * q;
  }
  if (!(sum > 0.0f)) return line;
  const float determinant = sum * square - quant * quant;
  float scale = low_bit_scale(line.scale);
  if (determinant > 0.0f) {
    const float slope = (sum * product - weight * quant) / determinant;
    if (slope > 0.0f) scale = low_bit_scale(encode_low_bit_line(slope, 0.0f, bits).scale);
  }
  return encode_low_bit_line(scale, (quant - weight / scale) / sum, bits);
}

// Four neighbouring columns are a quad; a byte holds one of the first four and one of the others.
std::int64_t quad_of(std::int64_t column) {
  return column / 4;
}
int bit_of(std::int64_t column) {
  return static_cast<int>(column % 4 + column / 16 * 4);
}

}  // namespace

LowBitLine encode_low_bit_line(float scale, float zero, int bits) noexcept {
  const float within = scale > kLowBitScaleMin ? std::min(scale, kLowBitScaleMax) : kLowBitScaleMin;
  // Half a step is added to the fraction, which carries into the exponent where it must.
  const std::uint32_t raised = std::bit_cast<std::uint32_t>(within) + (1u << 18);
  const std::uint32_t code = (raised >> 19) - (kLowBitScaleExponentMin << 4);
  const float steps = (zero - low_bit_zero(0, bits)) * zero_steps(bits);
  const int zero_code = round_within(steps, 0.0f, static_cast<float>(zero_code_max(bits)));
  return {static_cast<std::uint8_t>(std::min(code, 255u)), static_cast<std::uint8_t>(zero_code)};
}

int low_bit_quant(float weight, const LowBitLine& line, int bits) noexcept {
  const float steps = weight / low_bit_scale(line.scale) + low_bit_zero(line.zero, bits);
  return round_within(steps, 0.0f, static_cast<float>(quant_max(bits)));
}

LowBitLine fit_low_bit_line(const float* weights, const float* importance, std::int64_t count,
                            int bits) noexcept {
  const Group group{weights, importance, count};
  float low = 0.0f, high = 0.0f;
  if (count > 0) {
    low = *std::min_element(weights, weights + count);
    high = *std::max_element(weights, weights + count);
  }
  if (!(high > low)) {  // one value: on the end of the levels that its sign has
    const float scale = std::fabs(low) / static_cast<float>(quant_max(bits));
    low = std::min(low, 0.0f);
    high = std::max(high, 0.0f);
    if (!(scale > 0.0f)) return encode_low_bit_line(0.0f, 1.0f, bits);
  }
  const auto steps = static_cast<float>(quant_max(bits));
  const float centre = 0.5f * low + 0.5f * high;
  const float range = high - low;
  Candidate best;
  best.error = INFINITY;
  const auto consider = [&](const LowBitLine& line) {
    const Candidate candidate = evaluate(group, line, bits);
    if (candidate.error < best.error) best = candidate;
  };
  for (float share = 0.4f; share < 1.06f; share += 0.05f) {
    const float scale = share * range / steps;
    if (bits == 2) {  // few zero points: each is tried
      for (int code = 0; code <= zero_code_max(bits); ++code) {
        const float zero = low_bit_zero(static_cast<std::uint8_t>(code), bits);
        LowBitLine line = encode_low_bit_line(scale, zero, bits);
        consider(line);
        consider(line = refit_scale(group, line, bits));
      }
      continue;
    }
    LowBitLine line = encode_low_bit_line(scale, 0.5f * steps - centre / scale, bits);
    consider(line);
    for (int round = 0; round < 2; ++round) consider(line = refit(group, line, bits));
  }
  return best.line;
}

int read_low_plane(const LowPlane& plane, std::int64_t row, std::int64_t column) noexcept {
  const std::uint8_t* bytes = plane[quad_of(column) % 4][row];
  const int bit = bit_of(column);
  return (bytes[0] >> bit & 1) | (bytes[1] >> bit & 1) << 1;
}

int read_high_plane(const HighPlane& plane, std::int64_t row, std::int64_t column) noexcept {
  const std::int64_t quad = quad_of(column) % 4;
  return plane[quad % 2][row][quad / 2] >> bit_of(column) & 1;
}

void write_low_plane(LowPlane& plane, std::int64_t row, std::int64_t column, int quant) noexcept {
  std::uint8_t* bytes = plane[quad_of(column) % 4][row];
  const int bit = bit_of(column);
  bytes[0] = static_cast<std::uint8_t>(bytes[0] | (quant & 1) << bit);
  bytes[1] = static_cast<std::uint8_t>(bytes[1] | (quant >> 1 & 1) << bit);
}

void write_high_plane(HighPlane& plane, std::int64_t row, std::int64_t column, int bit) noexcept {
  const std::int64_t quad = quad_of(column) % 4;
  std::uint8_t& byte = plane[quad % 2][row][quad / 2];
  byte = static_cast<std::uint8_t>(byte | (bit & 1) << bit_of(column));
}

}  // namespace tessera
