// Activations rounded to 8 bits per token and group of 32, laid out for an integer dot product.
//   x[t, i] ~ scale[t, g] * quant[t, i],   scale = max |x| / 127,   quant in -127..127,   g = i /
//   32
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>

#include "tensor/panel.h"

namespace tessera::cpu {

// What a kernel needs to know of one group besides its quants.
struct ActivationGroup {
  float scale = 0.0f;
  float scaled_sum = 0.0f;  // scale times the sum of the quants
  // For tables (table_activations.h): the steps of simd::LowBitLines in the low 16 bits, and in the
  // high ones minus the sum of the activations in steps of the tables.
  std::int32_t table_factors = 0;
  std::int32_t minus_eight_sums = 0;  // what the offset 8 of q4's weights adds
};
static_assert(sizeof(ActivationGroup) == 16);

// [tokens, groups] quants of Dot::kGroupSizeBytes each, and [tokens, groups] ActivationGroups.
struct QuantizedActivations {
  std::byte* quants = nullptr;
  ActivationGroup* groups = nullptr;
  std::int64_t group_count = 0;

  template <typename Dot>
  static std::size_t size_bytes(std::int64_t tokens, std::int64_t columns) {
    return static_cast<std::size_t>(tokens * tessera::group_count(columns)) *
           (sizeof(ActivationGroup) + Dot::kGroupSizeBytes);
  }

  // REQUIRES: memory of size_bytes, 64-byte aligned.
  template <typename Dot>
  static QuantizedActivations place(std::byte* memory, std::int64_t tokens, std::int64_t columns) {
    const std::int64_t groups = tessera::group_count(columns);
    return {memory + static_cast<std::size_t>(tokens * groups) * sizeof(ActivationGroup),
            reinterpret_cast<ActivationGroup*>(memory), groups};
  }

  template <typename Dot>
  const std::byte* token_quants(std::int64_t token) const {
    return quants + static_cast<std::size_t>(token * group_count) * Dot::kGroupSizeBytes;
  }
  const ActivationGroup* token_groups(std::int64_t token) const {
    return groups + token * group_count;
  }
};

// The integers of one group. `x` holds 32 floats.
inline ActivationGroup round_group(const float* x, std::int8_t* quants) noexcept {
  // Adding 1.5 * 2^23 leaves the nearest integer in the low bits of the sum's representation.
  constexpr float kMagic = 12582912.0f;
  constexpr float kMagnitudeMin = 1e-30f;  // below, the reciprocal would overflow
  float magnitude_max = 0.0f;
  for (int i = 0; i < kGroupColumns; ++i) {
    const float magnitude = std::fabs(x[i]);
    magnitude_max = magnitude > magnitude_max ? magnitude : magnitude_max;
  }
  ActivationGroup group;
  if (!(magnitude_max >= kMagnitudeMin)) {
    std::fill_n(quants, kGroupColumns, std::int8_t{0});
    return group;
  }
  const float inverse = 127.0f / magnitude_max;
  std::int32_t sum = 0;  // at most 32 * 127
  for (int i = 0; i < kGroupColumns; ++i) {
    const float steps = x[i] * inverse + kMagic;
    quants[i] = static_cast<std::int8_t>(std::bit_cast<std::uint32_t>(steps));
    sum += quants[i];
  }
  group.minus_eight_sums = -8 * sum;
  group.scale = magnitude_max / 127.0f;
  group.scaled_sum = group.scale * static_cast<float>(sum);
  return group;
}

// Rounds one token's row of `columns` floats; missing columns of the last group become zeros.
// encode_group(x, bytes) lays 32 floats out as Dot wants them, and gives what else there is to
// know.
template <typename Dot, typename EncodeGroup>
void encode_token(const float* x, std::int64_t columns, const QuantizedActivations& out,
                  std::int64_t token, const EncodeGroup& encode_group) noexcept {
  ActivationGroup* groups = out.groups + token * out.group_count;
  std::byte* bytes = const_cast<std::byte*>(out.token_quants<Dot>(token));
  std::array<float, kGroupColumns> padded{};
  for (std::int64_t group = 0; group < out.group_count; ++group) {
    const float* from = x + group * kGroupColumns;
    if (columns - group * kGroupColumns < kGroupColumns) {
      std::copy(from, x + columns, padded.begin());
      from = padded.data();
    }
    groups[group] = encode_group(from, bytes);
    bytes += Dot::kGroupSizeBytes;
  }
}

}  // namespace tessera::cpu
