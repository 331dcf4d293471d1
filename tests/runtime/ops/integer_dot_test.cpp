// Every integer dot product of the build, also those that this processor would not choose.
#include <array>
#include <catch2/catch_test_macros.hpp>
#include <cstdint>
#include <cstring>

#include "backends/cpu/simd/integer_dots.h"
#include "quantization/low_bit_blocks.h"
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

// Sums of all rows of a q2 or q3 block, in steps of a zero point.
template <typename Dot, typename Block>
Sums low_bit_dot_rows(const Block& block, const Quants& quants) {
  alignas(64) std::byte group[Dot::kGroupSizeBytes];
  Dot::encode(quants.data(), group);
  Sums sums;
  for (int slice = 0; slice < kSlices; ++slice) {
    const int row = slice * simd::kLanes;
    const typename Dot::Activations x(group);
    typename Dot::Sum sum = Dot::begin();
    if constexpr (Block::kBits == 2) {
      sum = Dot::template dot<0>(sum, Dot::load(block.low[0][row]), x);
      sum = Dot::template dot<1>(sum, Dot::load(block.low[1][row]), x);
    } else {
      sum = Dot::template dot<0>(sum, Dot::template load<0>(block.low[0][row], block.high[row]), x);
      sum = Dot::template dot<1>(sum, Dot::template load<1>(block.low[1][row], block.high[row]), x);
    }
    const simd::I32 lanes = Dot::end(sum);
    std::memcpy(sums.data() + row, &lanes, sizeof(lanes));
  }
  return sums;
}

template <typename Dot, typename Block>
void check_low_bits() {
  for_each_case(0, quant_max(Block::kBits),
                [](const auto& weights, const Quants& quants, const Sums& expected) {
                  Block block{};
                  for (std::int64_t row = 0; row < kPanelRows; ++row) {
                    for (std::int64_t i = 0; i < kGroupColumns; ++i) {
                      write_quant(block, row, i, weights[row][i]);
                    }
                  }
                  Sums steps = expected;
                  for (std::int32_t& sum : steps) sum *= static_cast<int>(zero_steps(Block::kBits));
                  REQUIRE(low_bit_dot_rows<Dot>(block, quants) == steps);
                });
}

template <typename SmallDot>
void check_small() {
  check_low_bits<simd::TwoBitDot<SmallDot>, Q2Block>();
  check_low_bits<simd::ThreeBitDot<SmallDot>, Q3Block>();
}

// Every scale byte, and zero points with sums at their extremes.
template <typename Block>
void check_lines() {
  constexpr auto kSteps = static_cast<int>(zero_steps(Block::kBits));
  for (int code = 0; code < 256; ++code) {
    Block block{};
    for (std::size_t row = 0; row < kPanelRows; ++row) {
      block.scales[row] = static_cast<std::uint8_t>(code + static_cast<int>(row));
      block.zeros[row] = static_cast<std::uint8_t>(255 - code + static_cast<int>(row));
    }
    const simd::LowBitLines<kSteps> lines(reinterpret_cast<const std::uint8_t*>(&block));
    for (const std::int32_t sum : {-4064, -1, 0, 1, 4064}) {
      for (int slice = 0; slice < kSlices; ++slice) {
        float scales[simd::kLanes];
        std::int32_t products[simd::kLanes];
        simd::store(scales, lines.scales(slice));
        const simd::I32 lanes = lines.zero_products(slice, -sum & 0xffff);
        std::memcpy(products, &lanes, sizeof(lanes));
        for (int i = 0; i < simd::kLanes; ++i) {
          const auto row = static_cast<std::size_t>(slice * simd::kLanes + i);
          REQUIRE(scales[i] * kSteps == low_bit_scale(block.scales[row]));
          REQUIRE(products[i] == -sum * block.zeros[row]);
        }
      }
    }
  }
}

}  // namespace

TEST_CASE("integer dot products that the build chooses are exact for every weight") {
  simd::with_integer_dots([]<typename Dots>(Dots) {
    check_nibbles<typename Dots::Nibble>();
    check_bytes<typename Dots::Byte>();
    check_low_bits<typename Dots::TwoBit, Q2Block>();
    check_low_bits<typename Dots::ThreeBit, Q3Block>();
  });
}

TEST_CASE("scales and zero points of q2 and q3 are decoded for every code") {
  check_lines<Q2Block>();
  check_lines<Q3Block>();
}

#if defined(__wasm_simd128__)
TEST_CASE("integer dot products of plain SIMD are exact for every weight") {
  check_nibbles<simd::WideNibbleDot>();
  check_bytes<simd::WideByteDot>();
  check_small<simd::WideSmallDot>();
}
#endif

#if defined(__wasm_relaxed_simd__)
TEST_CASE("integer dot products of relaxed SIMD are exact for every weight in both forms") {
  check_nibbles<simd::FourNibbleDot>();
  check_nibbles<simd::PairNibbleDot>();
  check_bytes<simd::FourByteDot>();
  check_small<simd::FourSmallDot>();
  check_small<simd::PairSmallDot>();
}
#endif

}  // namespace tessera
