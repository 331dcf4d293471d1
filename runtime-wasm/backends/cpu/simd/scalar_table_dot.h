// TableDot in plain integer arithmetic. See simd/table_dot.h.
#pragma once

#include <array>
#include <cstddef>
#include <cstring>

#include "backends/cpu/simd/fill_table.h"
#include "backends/cpu/simd/scalar.h"
#include "quantization/low_bits.h"

namespace tessera::simd {

inline I32 load_words(const std::uint8_t* from) noexcept {
  return make_lanes<I32>([&](int i) { return from[2 * i] | from[2 * i + 1] << 8; });
}

using PanelSums = std::array<std::int32_t, kPanelRows>;

template <int kBits>
class LowBitLines {
 public:
  static constexpr int kSteps = static_cast<int>(zero_steps(kBits));

  explicit LowBitLines(const std::uint8_t* lines) noexcept : lines_(lines) {}
  F32 scales(int slice) const noexcept {
    return make_lanes<F32>(
        [&](int i) { return low_bit_scale(lines_[slice * kLanes + i]) / kSteps; });
  }
  I32 integers(int slice, const PanelSums& sums, std::int32_t factors) const noexcept {
    const std::int32_t factor = static_cast<std::int16_t>(factors);
    const std::int32_t zero_factor = factors >> 16;
    return make_lanes<I32>([&](int i) {
      const int row = slice * kLanes + i;
      const std::int32_t from_middle = zero(row) - zero_middle(kBits);
      return factor * sums[static_cast<std::size_t>(row)] + zero_factor * from_middle;
    });
  }

 private:
  int zero(int row) const noexcept {
    const std::uint8_t* zeros = lines_ + kPanelRows;
    if constexpr (kBits == 3) return zeros[row];
    return row < 4 ? zeros[row] & 15 : zeros[row - 4] >> 4;
  }

  const std::uint8_t* lines_;
};

struct TableDot {
  static constexpr int kLowChunks = 4;
  static constexpr int kHighChunks = 2;
  static constexpr std::size_t kChunkSizeBytes = 16;
  using Indices = const std::uint8_t*;
  using Sum = PanelSums;
  using Sums = PanelSums;

  static Indices load(const std::uint8_t* chunk) noexcept { return chunk; }
  static Indices load_high(const std::uint8_t* chunk) noexcept { return chunk; }
  static Sum begin() noexcept { return {}; }
  template <int kChunk>
  static Sum dot_low(Sum sum, Indices bytes, const std::byte* tables) noexcept {
    for (std::size_t row = 0; row < kPanelRows; ++row) {
      sum[row] +=
          look_up(tables, kChunk, bytes[2 * row]) + 2 * look_up(tables, kChunk, bytes[2 * row + 1]);
    }
    return sum;
  }
  template <int kChunk>
  static Sum dot_high(Sum sum, Indices bytes, const std::byte* tables) noexcept {
    for (std::size_t row = 0; row < kPanelRows; ++row) {
      sum[row] += 4 * look_up(tables, kChunk, bytes[2 * row]) +
                  4 * look_up(tables, kChunk + 2, bytes[2 * row + 1]);
    }
    return sum;
  }
  static Sums end(const Sum& sum) noexcept { return sum; }

 private:
  static int look_up(const std::byte* tables, int quad, std::uint8_t byte) noexcept {
    return static_cast<std::int8_t>(tables[16 * quad + (byte & 15)]) +
           static_cast<std::int8_t>(tables[16 * (quad + 4) + (byte >> 4)]);
  }
};

}  // namespace tessera::simd
