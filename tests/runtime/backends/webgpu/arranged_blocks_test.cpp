// Blocks on their way to a device: each weight is what the file's format says, and bytes may come
// cut anywhere and in any order.
#include "backends/webgpu/arranged_blocks.h"

#include <algorithm>
#include <bit>
#include <catch2/catch_test_macros.hpp>
#include <cstdint>
#include <cstring>
#include <random>
#include <utility>
#include <vector>

#include "quantization/format.h"
#include "quantization/low_bits.h"

namespace tessera::webgpu {
namespace {

constexpr DataType kArrangedTypes[] = {DataType::kQ2, DataType::kQ3, DataType::kQ4S};
constexpr std::int64_t kColumns = 3 * kGroupColumns;
constexpr std::int64_t kRows = 2 * kPanelRows;

// Any bytes are blocks of these formats.
std::vector<std::byte> random_matrix(DataType type, std::uint32_t seed) {
  std::mt19937 random(seed);
  std::vector<std::byte> bytes(tensor_size_bytes(type, Shape{kRows, kColumns}).value());
  for (std::byte& byte : bytes) byte = static_cast<std::byte>(random() & 255u);
  return bytes;
}

std::uint32_t word_at(std::span<const std::byte> bytes, std::size_t index) {
  std::uint32_t word = 0;
  std::memcpy(&word, bytes.data() + 4 * index, sizeof(word));
  return word;
}

// As the table in arranged_blocks.h says.
float low_bit_weight(std::span<const std::byte> block, std::size_t row, std::size_t column,
                     bool has_third) {
  const std::size_t half = column / 16, field = column % 16 / 4, byte = column % 4;
  const auto scale = static_cast<std::uint8_t>(block[row]);
  const float zero = static_cast<float>(std::to_integer<int>(block[8 + row])) / 32.0f;
  std::uint32_t quant = word_at(block, 4 + 8 * half + row) >> (8 * byte + 2 * field) & 3u;
  if (has_third) {
    const std::size_t bit = 4 * half + 2 * (field % 2) + field / 2;
    quant |= (word_at(block, 20 + row) >> (8 * byte + bit) & 1u) << 2;
  }
  return low_bit_scale(scale) * (static_cast<float>(quant) - zero);
}

std::vector<std::byte> placed(std::span<const BlockArranger::Run> runs, std::size_t size) {
  std::vector<std::byte> bytes(size);
  std::size_t count = 0;
  for (const BlockArranger::Run& run : runs) {
    REQUIRE(run.offset_bytes + run.bytes.size() <= size);
    std::ranges::copy(run.bytes, bytes.begin() + static_cast<std::ptrdiff_t>(run.offset_bytes));
    count += run.bytes.size();
  }
  CHECK(count == size);
  return bytes;
}

}  // namespace

TEST_CASE("weights on a device are those of the file") {
  for (const DataType type : kArrangedTypes) {
    INFO(data_type_name(type));
    const std::vector<std::byte> file = random_matrix(type, 1);
    const std::size_t size = device_size_bytes(type, Shape{kRows, kColumns});
    const std::vector<std::byte> device = BlockArranger(type).take(0, file).bytes;
    REQUIRE(device.size() == size);
    const std::size_t block_bytes = size / static_cast<std::size_t>(kRows * kColumns / 256);
    std::vector<float> expected(kColumns), found(kColumns);
    for (std::int64_t row = 0; row < kRows; ++row) {
      dequantize_row(type, file.data(), kColumns, row, expected.data());
      if (device_type(type) == DataType::kQ4) {
        dequantize_row(DataType::kQ4, device.data(), kColumns, row, found.data());
      } else {
        for (std::size_t column = 0; column < found.size(); ++column) {
          const std::size_t number =
              static_cast<std::size_t>(row / kPanelRows * group_count(kColumns)) + column / 32;
          found[column] = low_bit_weight(
              std::span(device).subspan(number * block_bytes, block_bytes),
              static_cast<std::size_t>(row % kPanelRows), column % 32, type == DataType::kQ3);
        }
      }
      CHECK(found == expected);
    }
  }
}

TEST_CASE("a block on a device begins at a multiple of 16 bytes") {
  CHECK(device_size_bytes(DataType::kQ2, Shape{8, 32}) == 80);
  CHECK(device_size_bytes(DataType::kQ3, Shape{8, 32}) == 112);
  CHECK(device_size_bytes(DataType::kQ4S, Shape{1, 33}) == 288);
  CHECK(device_size_bytes(DataType::kQ4, Shape{8, 32}) == 144);
  CHECK(device_size_bytes(DataType::kF32, Shape{3, 5}) == 60);
}

TEST_CASE("a size beyond all addresses is the largest there is") {
  constexpr std::int64_t kTooMany = std::int64_t{1} << 61;
  CHECK(device_size_bytes(DataType::kF32, Shape{8, kTooMany}) == SIZE_MAX);
  CHECK(device_size_bytes(DataType::kQ2, Shape{8, kTooMany}) == SIZE_MAX);
}

TEST_CASE("bytes of a matrix may come cut anywhere, in any order") {
  std::mt19937 random(7);
  for (const DataType type : kArrangedTypes) {
    const std::vector<std::byte> file = random_matrix(type, 2);
    const std::size_t size = device_size_bytes(type, Shape{kRows, kColumns});
    const std::vector<std::byte> expected = BlockArranger(type).take(0, file).bytes;
    for (int round = 0; round < 50; ++round) {
      std::vector<std::size_t> cuts = {0, file.size()};
      for (int i = 0; i < 8; ++i) cuts.push_back(random() % file.size());
      std::ranges::sort(cuts);
      std::vector<std::pair<std::size_t, std::size_t>> pieces;
      for (std::size_t i = 1; i < cuts.size(); ++i) pieces.emplace_back(cuts[i - 1], cuts[i]);
      std::ranges::shuffle(pieces, random);
      BlockArranger arranger(type);
      std::vector<BlockArranger::Run> runs;
      for (const auto& [begin, end] : pieces) {
        runs.push_back(arranger.take(begin, std::span(file).subspan(begin, end - begin)));
      }
      CHECK(placed(runs, size) == expected);
    }
  }
}

}  // namespace tessera::webgpu
