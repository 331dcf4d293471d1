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
#include <cstddef>
#include <cstdint>

#include "backends/cpu/quantized_activations.h"
#include "backends/cpu/simd/table_dot.h"
#include "quantization/low_bits.h"

namespace tessera::cpu {

inline constexpr std::size_t kTablesSizeBytes = simd::kTableEntries * kGroupColumns / 4;

// The tables of one group; `x` holds 32 floats. `steps`: those of simd::LowBitLines.
inline ActivationGroup round_to_tables(const float* x, int steps, std::byte* tables) noexcept {
  constexpr float kMagnitudeMin = 1e-30f;  // below, the reciprocal would overflow
  const float largest = 0.5f * simd::largest_sum_of_four(x);
  ActivationGroup group;
  if (!(largest >= kMagnitudeMin)) {
    std::fill_n(tables, kTablesSizeBytes, std::byte{0});
    return group;
  }
  const float inverse = 127.0f / largest;
  float scaled[kGroupColumns];
  const simd::F32 factor = simd::splat(0.5f * inverse);
  simd::F32 sums = simd::splat(0.0f);
  for (int i = 0; i < kGroupColumns; i += simd::kLanes) {
    const simd::F32 some = simd::multiply(simd::load(x + i), factor);
    simd::store(scaled + i, some);
    sums = simd::add(sums, some);
  }
  for (int quad = 0; quad < kGroupColumns / 4; ++quad) {
    simd::fill_table(scaled + 4 * quad,
                     tables + static_cast<std::size_t>(quad) * simd::kTableEntries);
  }
  group.scale = largest / 127.0f;
  // The low bits of the sum with 1.5 * 2^23 are the nearest integer, at most 16 * 127; of NaN, any.
  const float steps_sum = 12582912.0f - 2.0f * simd::sum_of_lanes(sums);
  group.table_factors = static_cast<std::int32_t>(std::bit_cast<std::uint32_t>(steps_sum) << 16 |
                                                  static_cast<std::uint32_t>(steps));
  return group;
}

}  // namespace tessera::cpu
