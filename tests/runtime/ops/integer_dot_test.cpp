// Every integer dot product of the build, also those that this processor would not choose.
#include <array>
#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <cstdint>
#include <cstring>

#include "backends/cpu/simd/integer_dots.h"
#include "backends/cpu/simd/table_dot.h"
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

using Dot = simd::TableDot;
using Tables = std::array<std::int8_t, 16 * kGroupColumns / 4>;

template <int kChunk>
Dot::Sum add_low_chunks(Dot::Sum sum, const std::uint8_t* plane, const std::byte* tables) {
  if constexpr (kChunk == Dot::kLowChunks) {
    return sum;
  } else {
    sum = Dot::dot_low<kChunk>(sum, Dot::load(plane + kChunk * Dot::kChunkSizeBytes), tables);
    return add_low_chunks<kChunk + 1>(sum, plane, tables);
  }
}

template <int kChunk>
Dot::Sum add_high_chunks(Dot::Sum sum, const std::uint8_t* plane, const std::byte* tables) {
  if constexpr (kChunk == Dot::kHighChunks) {
    return sum;
  } else {
    sum = Dot::dot_high<kChunk>(sum, Dot::load_high(plane + kChunk * Dot::kChunkSizeBytes), tables);
    return add_high_chunks<kChunk + 1>(sum, plane, tables);
  }
}

// What the tables say of every bit of a row, by the definition.
template <typename Block>
std::int32_t sum_of_look_ups(const Block& block, std::int64_t row, const Tables& tables) {
  std::int32_t sum = 0;
  for (std::int64_t quad = 0; quad < kGroupColumns / 4; ++quad) {
    for (int bit = 0; bit < Block::kBits; ++bit) {
      int index = 0;
      for (int j = 0; j < 4; ++j) {
        index |= (read_quant(block, row, 4 * quad + j) >> bit & 1) << j;
      }
      sum += tables[static_cast<std::size_t>(16 * quad + index)] * (1 << bit);
    }
  }
  return sum;
}

// kSteps * sums + zero_factor * (zeros - the middle), of all rows.
template <typename Block>
Sums integers_of(const Block& block, const Tables& tables, std::int32_t zero_factor) {
  constexpr int kSteps = simd::LowBitLines<Block::kBits>::kSteps;
  const auto* bytes = reinterpret_cast<const std::byte*>(tables.data());
  Dot::Sum sum = add_low_chunks<0>(Dot::begin(), &block.low[0][0][0], bytes);
  if constexpr (Block::kBits == 3) sum = add_high_chunks<0>(sum, &block.high[0][0][0], bytes);
  const simd::LowBitLines<Block::kBits> lines(reinterpret_cast<const std::uint8_t*>(&block));
  const auto factors = static_cast<std::int32_t>(static_cast<std::uint32_t>(zero_factor) << 16 |
                                                 static_cast<std::uint32_t>(kSteps));
  Sums integers;
  for (int slice = 0; slice < kSlices; ++slice) {
    const simd::I32 lanes = lines.integers(slice, Dot::end(sum), factors);
    std::memcpy(integers.data() + slice * simd::kLanes, &lanes, sizeof(lanes));
  }
  return integers;
}

// Random blocks and tables, and the extremes that make sums largest.
template <typename Block>
void check_look_ups() {
  testing::RandomValues random(8);
  constexpr int kSteps = simd::LowBitLines<Block::kBits>::kSteps;
  for (int round = 0; round < 200; ++round) {
    Block block{};
    Tables tables;
    for (auto& entry : tables) {
      const int value = random.below(255) - 127;
      entry = static_cast<std::int8_t>(round > 1 ? value : round == 0 ? 127 : -127);
    }
    for (std::size_t row = 0; row < kPanelRows; ++row) {
      const int zero_max = zero_code_max(Block::kBits);
      const int zero = round < 8 ? random.below(2) * zero_max : random.below(zero_max + 1);
      write_line(block, static_cast<std::int64_t>(row), {0, static_cast<std::uint8_t>(zero)});
      for (std::int64_t i = 0; i < kGroupColumns; ++i) {
        write_quant(block, static_cast<std::int64_t>(row), i,
                    random.below(quant_max(Block::kBits) + 1));
      }
    }
    const std::int32_t zero_factor = round % 3 == 0 ? -2032 : random.below(4065) - 2032;
    const Sums integers = integers_of(block, tables, zero_factor);
    for (std::size_t row = 0; row < kPanelRows; ++row) {
      const std::int32_t sum = sum_of_look_ups(block, static_cast<std::int64_t>(row), tables);
      const float zero =
          low_bit_zero(read_line(block, static_cast<std::int64_t>(row)).zero, Block::kBits);
      const float from_middle = zero - 0.5f * static_cast<float>(quant_max(Block::kBits));
      REQUIRE(integers[row] == kSteps * sum + zero_factor * static_cast<int>(from_middle * kSteps));
    }
  }
}

template <typename Block>
void check_scales() {
  constexpr int kSteps = simd::LowBitLines<Block::kBits>::kSteps;
  for (int code = 0; code < 256; ++code) {
    Block block{};
    for (std::size_t row = 0; row < kPanelRows; ++row) {
      block.scales[row] = static_cast<std::uint8_t>(code + static_cast<int>(row));
    }
    const simd::LowBitLines<Block::kBits> lines(reinterpret_cast<const std::uint8_t*>(&block));
    for (int slice = 0; slice < kSlices; ++slice) {
      float scales[simd::kLanes];
      simd::store(scales, lines.scales(slice));
      for (int i = 0; i < simd::kLanes; ++i) {
        const auto row = static_cast<std::size_t>(slice * simd::kLanes + i);
        REQUIRE(scales[i] * kSteps == low_bit_scale(block.scales[row]));
      }
    }
  }
}

}  // namespace

TEST_CASE("integer dot products that the build chooses are exact for every weight") {
  simd::with_integer_dots([]<typename Dots>(Dots) {
    check_nibbles<typename Dots::Nibble>();
    check_bytes<typename Dots::Byte>();
  });
}

TEST_CASE("a table holds every sum of four floats with either sign, rounded") {
  testing::RandomValues random(9);
  for (int round = 0; round < 200; ++round) {
    auto x = random.uniform(4, 31.75f);
    if (round == 0) x = {127.0f, 0.0f, 0.0f, -0.0f};
    std::array<std::byte, simd::kTableEntries> table;
    simd::fill_table(x.data(), table.data());
    for (std::size_t index = 0; index < table.size(); ++index) {
      float sum = 0.0f;
      for (std::size_t j = 0; j < x.size(); ++j) sum += (index >> j & 1) != 0 ? x[j] : -x[j];
      REQUIRE(std::fabs(sum - static_cast<float>(static_cast<std::int8_t>(table[index]))) <=
              0.5001f);
    }
  }
}

TEST_CASE("the largest sum of four neighbours is that of their magnitudes, wherever they are") {
  testing::RandomValues random(10);
  for (std::size_t quad = 0; quad < 8; ++quad) {
    auto x = random.uniform(kGroupColumns, 1.0f);
    for (std::size_t j = 0; j < 4; ++j) x[4 * quad + j] = j % 2 == 0 ? 2.0f : -3.5f;
    REQUIRE(simd::largest_sum_of_four(x.data()) == 11.0f);
  }
}

TEST_CASE("look-ups for q2 and q3 add up exactly what the tables say") {
  check_look_ups<Q2Block>();
  check_look_ups<Q3Block>();
}

TEST_CASE("scales of q2 and q3 are decoded for every code") {
  check_scales<Q2Block>();
  check_scales<Q3Block>();
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
