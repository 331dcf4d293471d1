// Blocks are assembled from chosen integers as ggml's definitions lay them out; what they should
// read as follows from the integers alone. All scales are powers of two, so that results are exact.
#include "package/ggml_blocks.h"

#include <array>
#include <catch2/catch_test_macros.hpp>
#include <functional>

#include "base/half.h"
#include "support/gguf_builder.h"

using namespace tessera;

namespace {

constexpr std::uint16_t kHalfOne = 0x3c00;
constexpr std::uint16_t kHalfTwo = 0x4000;
constexpr std::uint16_t kHalfHalf = 0x3800;
constexpr std::uint16_t kHalfQuarter = 0x3400;
constexpr std::uint16_t kHalfEighth = 0x3000;
constexpr std::uint16_t kHalfMinusOne = 0xbc00;

using Elements = std::function<int(int)>;

// Sixteen bytes: elements 0..15 low, 16..31 high; only the lowest four bits count.
void add_nibbles(Bytes& bytes, const Elements& element) {
  for (int i = 0; i < 16; ++i) {
    bytes.number(static_cast<std::uint8_t>((element(i) & 15) | (element(i + 16) & 15) << 4));
  }
}

std::uint32_t fifth_bits(const Elements& element) {
  std::uint32_t bits = 0;
  for (int i = 0; i < 32; ++i) bits |= static_cast<std::uint32_t>(element(i) >> 4 & 1) << i;
  return bits;
}

constexpr std::array<int, 8> kScales = {1, 2, 33, 63, 17, 48, 5, 62};
constexpr std::array<int, 8> kMinimums = {0, 63, 7, 32, 1, 16, 47, 60};

// Twelve bytes as ggml's quantizers for Q4_K and Q5_K write them.
void add_group_integers(Bytes& bytes) {
  std::array<std::uint8_t, 12> packed{};
  for (std::size_t j = 0; j < 4; ++j) {
    packed[j] = static_cast<std::uint8_t>(kScales[j] | (kScales[j + 4] >> 4) << 6);
    packed[j + 4] = static_cast<std::uint8_t>(kMinimums[j] | (kMinimums[j + 4] >> 4) << 6);
    packed[j + 8] = static_cast<std::uint8_t>((kScales[j + 4] & 15) | (kMinimums[j + 4] & 15) << 4);
  }
  for (const std::uint8_t byte : packed) bytes.number(byte);
}

// 128 bytes: of each 64 elements, the first 32 are low nibbles and the others high ones.
void add_super_block_nibbles(Bytes& bytes, const Elements& element) {
  for (int start = 0; start < 256; start += 64) {
    for (int i = start; i < start + 32; ++i) {
      bytes.number(static_cast<std::uint8_t>((element(i) & 15) | (element(i + 32) & 15) << 4));
    }
  }
}

void check_floats(std::string_view format_name, std::uint32_t type, const Bytes& block,
                  const std::function<float(int)>& expected) {
  const StoredFormat* format = stored_format_of_gguf(type);
  REQUIRE(format != nullptr);
  CHECK(format->name == format_name);
  REQUIRE(block.get().size() == format->block_size_bytes);
  std::vector<float> values(format->block_elements);
  stored_to_floats(*format, block.get().data(), values);
  for (std::size_t i = 0; i < values.size(); ++i) {
    INFO(format_name << " element " << i);
    CHECK(values[i] == expected(static_cast<int>(i)));
  }
}

}  // namespace

TEST_CASE("a block of Q8_0 reads as scale times quant") {
  Bytes block;
  block.number(kHalfHalf);
  for (int i = 0; i < 32; ++i) block.number(static_cast<std::int8_t>(i * 8 - 128));
  check_floats("Q8_0", kGgmlQ8_0, block,
               [](int i) { return 0.5f * static_cast<float>(i * 8 - 128); });
}

TEST_CASE("a block of Q4_0 reads as scale times quant minus 8") {
  const Elements element = [](int i) { return i < 16 ? i : 31 - i; };
  Bytes block;
  block.number(kHalfTwo);
  add_nibbles(block, element);
  check_floats("Q4_0", kGgmlQ4_0, block,
               [&](int i) { return 2.0f * static_cast<float>(element(i) - 8); });
}

TEST_CASE("a block of Q4_1 reads as scale times quant plus minimum") {
  const Elements element = [](int i) { return (i * 7) % 16; };
  Bytes block;
  block.number(kHalfQuarter).number(kHalfMinusOne);
  add_nibbles(block, element);
  check_floats("Q4_1", kGgmlQ4_1, block,
               [&](int i) { return 0.25f * static_cast<float>(element(i)) - 1.0f; });
}

TEST_CASE("a block of Q5_0 takes its fifth bits from a word") {
  const Elements element = [](int i) { return (i * 11 + 3) % 32; };
  Bytes block;
  block.number(kHalfOne).number(fifth_bits(element));
  add_nibbles(block, element);
  check_floats("Q5_0", kGgmlQ5_0, block,
               [&](int i) { return static_cast<float>(element(i) - 16); });
}

TEST_CASE("a block of Q5_1 has a minimum and fifth bits") {
  const Elements element = [](int i) { return (i * 13 + 1) % 32; };
  Bytes block;
  block.number(kHalfHalf).number(kHalfTwo).number(fifth_bits(element));
  add_nibbles(block, element);
  check_floats("Q5_1", kGgmlQ5_1, block,
               [&](int i) { return 0.5f * static_cast<float>(element(i)) + 2.0f; });
}

TEST_CASE("a super-block of Q4_K has eight scales and minimums of six bits") {
  const Elements element = [](int i) { return (i * 3 + i / 32) % 16; };
  Bytes block;
  block.number(kHalfEighth).number(kHalfHalf);
  add_group_integers(block);
  add_super_block_nibbles(block, element);
  const auto expected = [&](int i) {
    const auto group = static_cast<std::size_t>(i / 32);
    return 0.125f * static_cast<float>(kScales[group] * element(i)) -
           0.5f * static_cast<float>(kMinimums[group]);
  };
  check_floats("Q4_K", kGgmlQ4_K, block, expected);

  UnpackedBlock unpacked;
  unpack_q4_k(block.get().data(), unpacked);
  for (std::size_t i = 0; i < 256; ++i) {
    const float scale = half_to_float(unpacked.scales[i / 32]);
    const float minimum = half_to_float(unpacked.minimums[i / 32]);
    CHECK(scale * static_cast<float>(unpacked.quants[i]) + minimum ==
          expected(static_cast<int>(i)));
  }
}

TEST_CASE("a super-block of Q5_K keeps fifth bits in one bit a group") {
  const Elements element = [](int i) { return (i * 5 + i / 32) % 32; };
  Bytes block;
  block.number(kHalfEighth).number(kHalfHalf);
  add_group_integers(block);
  for (int i = 0; i < 32; ++i) {
    int bits = 0;
    for (int group = 0; group < 8; ++group) bits |= (element(group * 32 + i) >> 4) << group;
    block.number(static_cast<std::uint8_t>(bits));
  }
  add_super_block_nibbles(block, element);
  check_floats("Q5_K", kGgmlQ5_K, block, [&](int i) {
    const auto group = static_cast<std::size_t>(i / 32);
    return 0.125f * static_cast<float>(kScales[group] * element(i)) -
           0.5f * static_cast<float>(kMinimums[group]);
  });
}

TEST_CASE("a super-block of Q6_K has sixteen signed scales") {
  const Elements element = [](int i) { return (i * 7 + i / 64) % 64; };
  const auto scale = [](int group) { return group * 16 - 127; };
  Bytes block;
  for (int half = 0; half < 256; half += 128) {
    for (int i = half; i < half + 64; ++i) {
      block.number(static_cast<std::uint8_t>((element(i) & 15) | (element(i + 64) & 15) << 4));
    }
  }
  for (int half = 0; half < 256; half += 128) {
    for (int i = half; i < half + 32; ++i) {
      block.number(static_cast<std::uint8_t>(element(i) >> 4 | (element(i + 32) >> 4) << 2 |
                                             (element(i + 64) >> 4) << 4 |
                                             (element(i + 96) >> 4) << 6));
    }
  }
  for (int group = 0; group < 16; ++group) block.number(static_cast<std::int8_t>(scale(group)));
  block.number(kHalfQuarter);
  check_floats("Q6_K", kGgmlQ6_K, block, [&](int i) {
    return 0.25f * static_cast<float>(scale(i / 16) * (element(i) - 32));
  });
}

TEST_CASE("plain formats read as the numbers they hold") {
  check_floats("F32", kGgmlF32, Bytes().number(-1.5e-30f), [](int) { return -1.5e-30f; });
  check_floats("F16", kGgmlF16, Bytes().number(kHalfMinusOne), [](int) { return -1.0f; });
  check_floats("BF16", kGgmlBf16, Bytes().number(std::uint16_t{0x4049}),
               [](int) { return 3.140625f; });
}

TEST_CASE("formats without a reader are unknown, and still have a name") {
  CHECK(stored_format_of_gguf(kGgmlQ2_K) == nullptr);
  CHECK(ggml_type_name(kGgmlQ2_K) == "Q2_K");
  CHECK(stored_format_of_gguf(4) == nullptr);
  CHECK(stored_format_of_gguf(1000) == nullptr);
  CHECK(ggml_type_name(1000).empty());
  CHECK(stored_format_of_safetensors("Q4_K") == nullptr);
  CHECK(stored_format_of_safetensors("F8_E4M3") == nullptr);
  CHECK(stored_format_of_safetensors("I64")->block_to_floats == nullptr);
}

TEST_CASE("repacked integers give the weights of the block") {
  for (const std::uint32_t type : {kGgmlQ8_0, kGgmlQ4_0, kGgmlQ4_1, kGgmlQ5_0}) {
    const StoredFormat& format = *stored_format_of_gguf(type);
    INFO(format.name);
    Bytes block;
    block.number(kHalfQuarter);
    for (std::size_t i = 2; i < format.block_size_bytes; ++i) {
      block.number(static_cast<std::uint8_t>(i * 37 % 120));
    }
    std::array<float, 32> expected;
    stored_to_floats(format, block.get().data(), expected);
    UnpackedBlock unpacked;
    format.unpack(block.get().data(), unpacked);
    for (std::size_t i = 0; i < 32; ++i) {
      int quant = unpacked.quants[i];
      if (format.natural_type == DataType::kQ8) quant = static_cast<std::int8_t>(quant);
      if (format.natural_type == DataType::kQ4) quant -= 8;
      float weight = half_to_float(unpacked.scales[0]) * static_cast<float>(quant);
      if (format.natural_type == DataType::kQ4M) weight += half_to_float(unpacked.minimums[0]);
      CHECK(weight == expected[i]);
    }
  }
}
