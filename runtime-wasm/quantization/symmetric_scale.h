// What q4 and q4s share: choosing a group's scale where weight = scale * quant, quant in -8..7, and
// writing and reading whole blocks. A format says by its Codec how a scale is stored:
//   Code, encode(scale), decode(code)
#pragma once

#include <cmath>
#include <initializer_list>

#include "quantization/nibbles.h"
#include "quantization/round.h"

namespace tessera {

inline float signed_quant(float weight, float inverse_scale) noexcept {
  return static_cast<float>(round_within(weight * inverse_scale, -8.0f, 7.0f));
}

inline float squared_error(const float* weights, std::int64_t count, float scale) noexcept {
  const float inverse = 1.0f / scale;
  float error = 0.0f;
  for (std::int64_t i = 0; i < count; ++i) {
    const float difference = weights[i] - scale * signed_quant(weights[i], inverse);
    error += difference * difference;
  }
  return error;
}

// The scale that fits the integers of `scale` best: least squares, sum(w q) / sum(q q).
inline float refit_scale(const float* weights, std::int64_t count, float scale) noexcept {
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

// The stored scale of least squared error among those that put the extreme weight of either sign
// between 6.5 and 9 steps from zero, each followed by a least-squares refit. The range -8..7 is not
// symmetric, so negative scales are tried as well.
template <typename Codec>
typename Codec::Code choose_scale(const float* weights, std::int64_t count) noexcept {
  float extreme = 0.0f;
  float best_error = 0.0f;
  for (std::int64_t i = 0; i < count; ++i) {
    best_error += weights[i] * weights[i];
    if (std::fabs(weights[i]) > std::fabs(extreme)) extreme = weights[i];
  }
  typename Codec::Code best = Codec::encode(0.0f);
  if (extreme == 0.0f) return best;
  const auto consider = [&](float scale) {
    const typename Codec::Code code = Codec::encode(scale);
    const float rounded = Codec::decode(code);
    if (rounded == 0.0f) return;
    const float error = squared_error(weights, count, rounded);
    if (!(error < best_error)) return;
    best_error = error;
    best = code;
  };
  for (float steps = 6.5f; steps < 9.01f; steps += 0.125f) {
    for (const float scale : {extreme / -steps, extreme / steps}) {
      if (scale == 0.0f) continue;
      consider(scale);
      consider(refit_scale(weights, count, scale));
    }
  }
  return best;
}

template <typename Block, typename Codec>
void quantize_symmetric_block(const float* rows, std::int64_t stride, std::int64_t row_count,
                              std::int64_t column_count, std::byte* block) noexcept {
  Block& out = *reinterpret_cast<Block*>(block);
  out = Block{};
  for (std::int64_t row = 0; row < kPanelRows; ++row) {
    const std::int64_t count = row < row_count ? column_count : 0;
    const float* weights = count > 0 ? rows + row * stride : nullptr;
    if (count > 0) out.scales[row] = choose_scale<Codec>(weights, count);
    const float scale = Codec::decode(out.scales[row]);
    const float inverse = scale == 0.0f ? 0.0f : 1.0f / scale;
    for (std::int64_t column = 0; column < kGroupColumns; ++column) {
      const float quant = column < count ? signed_quant(weights[column], inverse) : 0.0f;
      write_nibble(out.quants, row, column, static_cast<int>(quant) + 8);
    }
  }
}

template <typename Block, typename Codec>
void dequantize_symmetric_row(const std::byte* block, std::int64_t row, float* out) noexcept {
  const Block& in = *reinterpret_cast<const Block*>(block);
  const float scale = Codec::decode(in.scales[row]);
  for (std::int64_t column = 0; column < kGroupColumns; ++column) {
    out[column] = scale * static_cast<float>(read_nibble(in.quants, row, column) - 8);
  }
}

}  // namespace tessera
