// The activations of a group of 32 as tables for the weights of q2 and q3: table[quad][index] has
// what the four columns of a quad add up to, each with the sign plus where the index has a one and
// minus where it has a zero, halved:
//   table[quad][index] ~ sum_j (index bit j ? 1 : -1) * x[4 * quad + j] / 2 / step
// rounded to 8 bits with one step a group. A weight's quant is sum_b 2^b * bit_b, so that
//   sum_i quant_i * x_i = step * sum_b 2^b * table[quad][bits b] + (2^bits - 1) / 2 * sum_i x_i
// and the second part is put into the zero point.
#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>

#include "backends/cpu/quantized_activations.h"
#include "quantization/low_bits.h"

namespace tessera::cpu {

inline constexpr std::size_t kTableEntries = 16;
inline constexpr std::size_t kTablesSizeBytes = kTableEntries * kGroupColumns / 4;

// Half of the sum of four magnitudes is the largest that a table has.
inline float largest_table_entry(const float* x) noexcept {
  float largest = 0.0f;
  for (int quad = 0; quad < kGroupColumns / 4; ++quad) {
    const float* four = x + 4 * quad;
    const float sum =
        (std::fabs(four[0]) + std::fabs(four[1])) + (std::fabs(four[2]) + std::fabs(four[3]));
    largest = sum > largest ? sum : largest;
  }
  return 0.5f * largest;
}

// `x`: four activations, divided by twice the step.
inline void fill_table(const float* x, std::byte* table) noexcept {
  constexpr float kMagic = 12582912.0f;  // see round_group
  const float low[4] = {-x[0] - x[1], x[0] - x[1], x[1] - x[0], x[0] + x[1]};
  const float high[4] = {-x[2] - x[3], x[2] - x[3], x[3] - x[2], x[2] + x[3]};
  std::uint32_t rounded[kTableEntries];
  for (std::size_t i = 0; i < kTableEntries; ++i) {
    rounded[i] = std::bit_cast<std::uint32_t>((high[i / 4] + low[i % 4]) + kMagic);
  }
  for (std::size_t i = 0; i < kTableEntries; ++i) table[i] = static_cast<std::byte>(rounded[i]);
}

// The tables of one group; `x` holds 32 floats. `steps`: of a zero point.
inline ActivationGroup round_to_tables(const float* x, int steps, std::byte* tables) noexcept {
  constexpr float kMagnitudeMin = 1e-30f;  // below, the reciprocal would overflow
  const float largest = largest_table_entry(x);
  ActivationGroup group;
  if (!(largest >= kMagnitudeMin)) {
    std::fill_n(tables, kTablesSizeBytes, std::byte{0});
    return group;
  }
  const float inverse = 127.0f / largest;
  float scaled[kGroupColumns];
  float sum = 0.0f;
  for (int i = 0; i < kGroupColumns; ++i) {
    scaled[i] = x[i] * (0.5f * inverse);
    sum += scaled[i];
  }
  for (int quad = 0; quad < kGroupColumns / 4; ++quad) {
    fill_table(scaled + 4 * quad, tables + static_cast<std::size_t>(quad) * kTableEntries);
  }
  group.scale = largest / 127.0f;
  const int rounded_sum = static_cast<int>(std::lrint(2.0f * sum));  // at most 16 * 127
  group.table_factors = static_cast<std::int32_t>(static_cast<std::uint32_t>(-rounded_sum) << 16 |
                                                  static_cast<std::uint32_t>(steps));
  return group;
}

}  // namespace tessera::cpu
