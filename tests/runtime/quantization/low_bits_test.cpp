#include "quantization/low_bits.h"

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <vector>

#include "quantization/format.h"
#include "quantization/pack.h"
#include "support/random_values.h"

namespace tessera {
namespace {

using testing::RandomValues;

struct Row {
  DataType type;
  int bits;
};

constexpr Row kRows[] = {{DataType::kQ2, 2}, {DataType::kQ3, 3}};

std::size_t at(std::int64_t index) {
  return static_cast<std::size_t>(index);
}

std::vector<float> read_row(DataType type, const std::vector<std::byte>& panel,
                            std::int64_t columns, std::int64_t row) {
  std::vector<float> values(at(columns));
  dequantize_row(type, panel.data(), columns, row, values.data());
  return values;
}

}  // namespace

TEST_CASE("every stored scale is read, and encoding it again gives the same byte") {
  CHECK(low_bit_scale(0) == kLowBitScaleMin);
  CHECK(low_bit_scale(255) == kLowBitScaleMax);
  CHECK(low_bit_scale(13 * 16 + 8) == 1.5f);
  for (int code = 0; code < 256; ++code) {
    const auto byte = static_cast<std::uint8_t>(code);
    REQUIRE(encode_low_bit_line(low_bit_scale(byte), 0.0f, 2).scale == byte);
    if (code > 0) REQUIRE(low_bit_scale(byte) > low_bit_scale(static_cast<std::uint8_t>(code - 1)));
  }
}

TEST_CASE("scales and zero points out of range are stored as the nearest that can be") {
  CHECK(encode_low_bit_line(0.0f, -1.0f, 2).scale == 0);
  CHECK(encode_low_bit_line(-3.0f, -1.0f, 2).zero == 0);
  CHECK(encode_low_bit_line(1e30f, 1e30f, 2).scale == 255);
  CHECK(encode_low_bit_line(INFINITY, 9.0f, 3).zero == 255);
  CHECK(encode_low_bit_line(NAN, NAN, 3).scale == 0);
  CHECK(encode_low_bit_line(NAN, NAN, 3).zero == 0);
}

TEST_CASE("a scale is stored with an error of at most one part in 32") {
  for (float scale = kLowBitScaleMin; scale < kLowBitScaleMax; scale *= 1.0037f) {
    const float stored = low_bit_scale(encode_low_bit_line(scale, 0.0f, 2).scale);
    REQUIRE(std::fabs(stored - scale) <= scale / 32.0f);
  }
}

TEST_CASE("packed low-bit quants read back exactly as scale, zero point and quant say") {
  RandomValues random(61);
  for (const Row& row : kRows) {
    for (const std::int64_t columns : {1, 31, 32, 33, 100}) {
      for (const std::int64_t rows : {0, 1, 5, 8}) {
        const std::int64_t groups = group_count(columns);
        std::vector<LowBitLine> lines;
        for (std::int64_t i = 0; i < rows * groups; ++i) {
          lines.push_back({static_cast<std::uint8_t>(random.below(256)),
                           static_cast<std::uint8_t>(random.below(zero_code_max(row.bits) + 1))});
        }
        std::vector<std::uint8_t> quants;
        for (std::int64_t i = 0; i < rows * columns; ++i) {
          quants.push_back(static_cast<std::uint8_t>(random.below(quant_max(row.bits) + 1)));
        }
        std::vector<std::byte> panel(panel_size_bytes(row.type, columns), std::byte{0xff});
        pack_panel_low_bits(row.type, quants.data(), lines.data(), rows, columns, panel.data());
        for (std::int64_t r = 0; r < rows; ++r) {
          const auto values = read_row(row.type, panel, columns, r);
          for (std::int64_t column = 0; column < columns; ++column) {
            const LowBitLine& line = lines[at(r * groups + column / kGroupColumns)];
            const auto quant = static_cast<float>(quants[at(r * columns + column)]);
            REQUIRE(values[at(column)] ==
                    low_bit_scale(line.scale) * (quant - low_bit_zero(line.zero, row.bits)));
          }
        }
      }
    }
  }
}

TEST_CASE("missing rows of a low-bit panel are of value zero, and missing columns nearly") {
  RandomValues random(62);
  for (const Row& row : kRows) {
    std::vector<std::byte> panel(panel_size_bytes(row.type, 40));
    const auto weights = random.uniform(3 * 40, 1.0f);
    quantize_panel(row.type, weights.data(), 3, 40, panel.data());
    for (std::int64_t r = 0; r < kPanelRows; ++r) {
      const auto values = read_row(row.type, panel, 64, r);
      for (std::int64_t i = 40; i < 64; ++i) {
        REQUIRE(std::fabs(values[at(i)]) <= (r < 3 ? 1.0 / quant_max(row.bits) : 0.0));
      }
    }
  }
}

TEST_CASE("low-bit blocks of any bytes read as finite numbers within the format's range") {
  RandomValues random(63);
  for (const Row& row : kRows) {
    std::vector<std::byte> panel(panel_size_bytes(row.type, 96));
    for (std::byte& byte : panel) byte = static_cast<std::byte>(random.below(256));
    for (std::int64_t r = 0; r < kPanelRows; ++r) {
      for (const float value : read_row(row.type, panel, 96, r)) {
        REQUIRE(std::fabs(value) <= kLowBitScaleMax * 8.0f);
      }
    }
  }
}

TEST_CASE("weights on a stored line's levels are kept exactly") {
  RandomValues random(64);
  for (const Row& row : kRows) {
    const LowBitLine line = encode_low_bit_line(0.25f, 1.25f, row.bits);
    std::vector<float> weights;
    for (int i = 0; i < 32; ++i) {
      const int quant = i == 0 ? 0 : i == 1 ? quant_max(row.bits) : random.below(1 << row.bits);
      weights.push_back(0.25f * (static_cast<float>(quant) - 1.25f));
    }
    const LowBitLine fitted = fit_low_bit_line(weights.data(), nullptr, 32, row.bits);
    CHECK(fitted.scale == line.scale);
    CHECK(fitted.zero == line.zero);
  }
}

TEST_CASE("importance moves a low-bit line towards the weights that count") {
  RandomValues random(65);
  for (const Row& row : kRows) {
    const auto weights = random.uniform(32, 1.0f);
    std::vector<float> importance(32, 0.01f);
    std::fill_n(importance.begin(), 4, 100.0f);
    const auto error = [&](const LowBitLine& line) {
      double sum = 0.0;
      for (std::size_t i = 0; i < 4; ++i) {
        const auto quant = static_cast<float>(low_bit_quant(weights[i], line, row.bits));
        const float value = low_bit_scale(line.scale) * (quant - low_bit_zero(line.zero, row.bits));
        sum += std::pow(double{value} - double{weights[i]}, 2);
      }
      return sum;
    };
    CHECK(error(fit_low_bit_line(weights.data(), importance.data(), 32, row.bits)) <
          error(fit_low_bit_line(weights.data(), nullptr, 32, row.bits)));
  }
}

}  // namespace tessera
