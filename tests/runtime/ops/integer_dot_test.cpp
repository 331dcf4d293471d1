// Every integer dot product of the build, also those that this processor would not choose.
#include <array>
#include <catch2/catch_test_macros.hpp>
#include <cstdint>
#include <cstring>

#include "backends/cpu/simd/simd.h"
#include "quantization/nibbles.h"
#include "support/random_values.h"
#include "tensor/panel.h"

namespace tessera {
namespace {

constexpr int kSlices = static_cast<int>(kPanelRows) / simd::kLanes;

using Quants = std::array<std::int8_t, kGroupColumns>;
using Sums = std::array<std::int32_t, kPanelRows>;

// Sums of all rows, by Dot. `chunks` is quants[kChunks][kPanelRows][4] of a block.
template <typename Dot, int kChunk, int kChunks, typename Chunks>
typename Dot::Sum dot_chunks(typename Dot::Sum sum, const Chunks& chunks, int slice,
                             const typename Dot::Activations& x) {
  if constexpr (kChunk == kChunks) {
    return sum;
  } else {
    const auto weights = Dot::load(chunks[kChunk][slice * simd::kLanes]);
    sum = Dot::template dot<kChunk>(sum, weights, x);
    return dot_chunks<Dot, kChunk + 1, kChunks>(sum, chunks, slice, x);
  }
}

template <typename Dot, int kChunks, typename Chunks>
Sums dot_rows(const Chunks& chunks, const Quants& quants) {
  alignas(64) std::byte group[Dot::kGroupSizeBytes];
  Dot::encode(quants.data(), group);
  Sums sums;
  for (int slice = 0; slice < kSlices; ++slice) {
    const typename Dot::Activations x(group);
    const simd::I32 lanes = Dot::end(dot_chunks<Dot, 0, kChunks>(Dot::begin(), chunks, slice, x));
    std::memcpy(sums.data() + slice * simd::kLanes, &lanes, sizeof(lanes));
  }
  return sums;
}

// Random ones, and the extremes that make sums largest.
template <typename Check>
void for_each_case(std::int32_t weight_min, std::int32_t weight_max, Check check) {
  testing::RandomValues random(7);
  for (int round = 0; round < 60; ++round) {
    const auto draw = [&](std::int32_t low, std::int32_t high) {
      if (round == 0) return low;
      if (round == 1) return high;
      const std::int32_t extreme = random.below(2) == 0 ? low : high;
      return round < 20 ? extreme : low + random.below(high - low + 1);
    };
    std::int32_t weights[kPanelRows][kGroupColumns];
    Quants quants;
    for (auto& quant : quants) quant = static_cast<std::int8_t>(draw(-127, 127));
    for (auto& row : weights) {
      for (auto& weight : row) weight = draw(weight_min, weight_max);
    }
    Sums expected{};
    for (std::size_t row = 0; row < expected.size(); ++row) {
      for (std::size_t i = 0; i < quants.size(); ++i) expected[row] += weights[row][i] * quants[i];
    }
    check(weights, quants, expected);
  }
}

template <typename Dot>
void check_nibbles() {
  for_each_case(0, 15, [](const auto& weights, const Quants& quants, const Sums& expected) {
    NibbleChunks chunks{};
    for (std::int64_t row = 0; row < kPanelRows; ++row) {
      for (std::int64_t i = 0; i < kGroupColumns; ++i)
        write_nibble(chunks, row, i, weights[row][i]);
    }
    REQUIRE(dot_rows<Dot, 4>(chunks, quants) == expected);
  });
}

template <typename Dot>
void check_bytes() {
  for_each_case(-128, 127, [](const auto& weights, const Quants& quants, const Sums& expected) {
    std::int8_t chunks[8][kPanelRows][4];
    for (int row = 0; row < kPanelRows; ++row) {
      for (int i = 0; i < kGroupColumns; ++i) {
        chunks[i / 4][row][i % 4] = static_cast<std::int8_t>(weights[row][i]);
      }
    }
    REQUIRE(dot_rows<Dot, 8>(chunks, quants) == expected);
  });
}

}  // namespace

TEST_CASE("integer dot products that the build chooses are exact for every weight") {
  simd::with_integer_dots([]<typename Dots>(Dots) {
    check_nibbles<typename Dots::Nibble>();
    check_bytes<typename Dots::Byte>();
  });
}

#if defined(__wasm_simd128__)
TEST_CASE("integer dot products of plain SIMD are exact for every weight") {
  check_nibbles<simd::WideNibbleDot>();
  check_bytes<simd::WideByteDot>();
}
#endif

#if defined(__wasm_relaxed_simd__)
TEST_CASE("integer dot products of relaxed SIMD are exact for every weight in both forms") {
  check_nibbles<simd::FourNibbleDot>();
  check_nibbles<simd::PairNibbleDot>();
  check_bytes<simd::FourByteDot>();
}
#endif

}  // namespace tessera
