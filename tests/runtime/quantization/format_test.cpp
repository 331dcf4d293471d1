#include "quantization/format.h"

#include <algorithm>
#include <bit>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <cmath>
#include <cstring>
#include <span>
#include <string>
#include <vector>

#include "base/half.h"
#include "quantization/low_bits.h"
#include "quantization/pack.h"
#include "quantization/q4.h"
#include "quantization/q4m.h"
#include "quantization/q4s.h"
#include "quantization/q8.h"
#include "support/random_values.h"

namespace tessera {
namespace {

using testing::RandomValues;

std::size_t at(std::int64_t index) {
  return static_cast<std::size_t>(index);
}

struct Panel {
  std::int64_t rows;
  std::int64_t columns;
};

constexpr Panel kPanels[] = {{8, 32}, {1, 1}, {3, 31}, {8, 33}, {7, 64}, {5, 100}, {0, 32}};

std::vector<std::byte> quantized(DataType type, const Panel& panel,
                                 const std::vector<float>& weights) {
  // The bytes before are garbage, and the bytes after must stay.
  std::vector<std::byte> bytes(panel_size_bytes(type, panel.columns) + 16, std::byte{0xa5});
  quantize_panel(type, weights.data(), panel.rows, panel.columns, bytes.data());
  for (std::size_t i = bytes.size() - 16; i < bytes.size(); ++i) {
    REQUIRE(bytes[i] == std::byte{0xa5});
  }
  return bytes;
}

std::vector<float> row_of(DataType type, const std::vector<std::byte>& bytes, const Panel& panel,
                          std::int64_t row) {
  std::vector<float> values(at(panel.columns));
  dequantize_row(type, bytes.data(), panel.columns, row, values.data());
  return values;
}

// The range of a group's weights, and the largest magnitude in it.
struct GroupRange {
  float low = 0.0f, high = 0.0f, magnitude = 0.0f;
  GroupRange(const float* weights, std::int64_t count) {
    low = *std::min_element(weights, weights + count);
    high = *std::max_element(weights, weights + count);
    magnitude = std::max(std::fabs(low), std::fabs(high));
  }
};

// The levels include zero, and scale and zero point are rounded: the one by 1/32 of itself, the
// other by half its step.
double worst_low_bit_error(const GroupRange& range, int bits) {
  const double span = std::max(double{range.high}, 0.0) - std::min(double{range.low}, 0.0);
  const double step = std::max(span / quant_max(bits), double{kLowBitScaleMin});
  return step * (0.5 * 33.0 / 32.0 + 0.5 / double{zero_steps(bits)});
}

// Root of the mean squared error that plain rounding with these levels would leave at most, which
// the search must not exceed: half a step each.
double worst_error(DataType type, const GroupRange& range) {
  // Scales and minimums are rounded to 11 bits, or to steps of 2^-24 near zero, 15 levels at most
  // away.
  const double f16_rounding = range.magnitude * 0x1p-10 + 16 * 0x1p-25;
  switch (type) {
    case DataType::kQ8: return range.magnitude / 127.0 / 2 + f16_rounding;
    case DataType::kQ4: return range.magnitude / 7.0 / 2 + f16_rounding;
    // The scale is rounded by up to 1/16 of itself, and never is smaller than the smallest.
    case DataType::kQ4S:
      return std::max(range.magnitude / 7.0 * 17.0 / 16.0, double{kQ4SScaleMin}) / 2;
    case DataType::kQ3: return worst_low_bit_error(range, 3);
    case DataType::kQ2: return worst_low_bit_error(range, 2);
    default: return (double{range.high} - range.low) / 15.0 / 2 + 2 * f16_rounding;
  }
}

// Whether weights of this magnitude lie within a format's range.
bool can_hold(DataType type, float magnitude) {
  if (type == DataType::kQ4S) return std::fabs(magnitude) <= 7.0f * kQ4SScaleMax;
  const bool has_low_bits = type == DataType::kQ2 || type == DataType::kQ3;
  return !has_low_bits || std::fabs(magnitude) <= 3.0f * kLowBitScaleMax;
}

}  // namespace

TEST_CASE("the table gives every quantized type its block's size and exact bits per weight") {
  REQUIRE(quantization_formats().size() == 6);
  CHECK(quantization_format(DataType::kQ8).bits_per_weight == 8.5);
  CHECK(quantization_format(DataType::kQ4).bits_per_weight == 4.5);
  CHECK(quantization_format(DataType::kQ4S).bits_per_weight == 4.25);
  CHECK(quantization_format(DataType::kQ4M).bits_per_weight == 5.0);
  CHECK(quantization_format(DataType::kQ3).bits_per_weight == 3.5);
  CHECK(quantization_format(DataType::kQ2).bits_per_weight == 2.375);
  for (const QuantizationFormat& format : quantization_formats()) {
    CHECK(format.name == data_type_name(format.type));
    CHECK(tensor_size_bytes(format.type, Shape{8, 96}).value() == 3 * format.block_size_bytes);
    CHECK(panel_size_bytes(format.type, 65) == 3 * format.block_size_bytes);
  }
}

TEST_CASE("quantizing and reading back errs by at most half a step in the mean square") {
  RandomValues random(51);
  for (const QuantizationFormat& format : quantization_formats()) {
    for (const Panel& panel : kPanels) {
      for (const float magnitude : {1.0f, 1e-4f, 200.0f}) {
        if (!can_hold(format.type, 1.1f * magnitude)) continue;
        auto weights = random.uniform(panel.rows * panel.columns, magnitude);
        // A distribution with tails, and an offset, as real weights have.
        for (float& weight : weights) weight = weight * std::fabs(weight) + 0.1f * magnitude;
        const auto bytes = quantized(format.type, panel, weights);
        for (std::int64_t row = 0; row < panel.rows; ++row) {
          const auto values = row_of(format.type, bytes, panel, row);
          for (std::int64_t first = 0; first < panel.columns; first += kGroupColumns) {
            const std::int64_t count = std::min(kGroupColumns, panel.columns - first);
            const float* group = weights.data() + row * panel.columns + first;
            double squares = 0.0;
            for (std::int64_t i = 0; i < count; ++i) {
              squares += std::pow(values[at(first + i)] - group[i], 2);
            }
            const double error = std::sqrt(squares / static_cast<double>(count));
            INFO(format.name << " " << panel.rows << " x " << panel.columns);
            REQUIRE(error <= worst_error(format.type, GroupRange(group, count)));
          }
        }
      }
    }
  }
}

TEST_CASE("weights that a format can hold exactly are kept exactly") {
  RandomValues random(52);
  const Panel panel{8, 64};
  std::vector<float> weights;
  for (std::int64_t i = 0; i < panel.rows * panel.columns; ++i) {
    // Every group has both ends of the range, -8 and 7.
    const std::int32_t step = i % 32 == 0 ? -8 : i % 32 == 1 ? 7 : random.below(16) - 8;
    weights.push_back(0.25f * static_cast<float>(step));
  }
  for (const DataType type : {DataType::kQ4, DataType::kQ4S, DataType::kQ4M}) {
    const auto bytes = quantized(type, panel, weights);
    for (std::int64_t row = 0; row < panel.rows; ++row) {
      const auto values = row_of(type, bytes, panel, row);
      CHECK(std::ranges::equal(
          values, std::span(weights).subspan(at(row * panel.columns), at(panel.columns))));
    }
  }
}

TEST_CASE("the scale search beats rounding with the largest magnitude at -8") {
  // The rounding of a q4s scale gives back a part of it.
  struct Row {
    DataType type;
    double share_max;
  };
  const auto [type, share_max] = GENERATE(Row{DataType::kQ4, 0.9}, Row{DataType::kQ4S, 0.97});
  RandomValues random(53);
  const Panel panel{8, 32 * 40};
  auto weights = random.uniform(panel.rows * panel.columns, 1.0f);
  for (float& weight : weights) weight += random.uniform(1.0f) + random.uniform(1.0f);
  const auto bytes = quantized(type, panel, weights);
  double searched = 0.0;
  double plain = 0.0;
  for (std::int64_t row = 0; row < panel.rows; ++row) {
    const auto values = row_of(type, bytes, panel, row);
    for (std::int64_t first = 0; first < panel.columns; first += 32) {
      const float* group = weights.data() + row * panel.columns + first;
      const float extreme = *std::max_element(
          group, group + 32, [](float a, float b) { return std::fabs(a) < std::fabs(b); });
      const float scale = extreme / -8.0f;
      for (std::int64_t i = 0; i < 32; ++i) {
        const float quant = std::clamp(std::nearbyint(group[i] / scale), -8.0f, 7.0f);
        plain += std::pow(scale * quant - group[i], 2);
        searched += std::pow(values[at(first + i)] - group[i], 2);
      }
    }
  }
  CHECK(searched < share_max * plain);
}

TEST_CASE("zeros, constants, tiny and huge weights quantize to finite numbers near them") {
  const Panel panel{2, 40};
  for (const QuantizationFormat& format : quantization_formats()) {
    for (const float value : {0.0f, 1.0f, -3.0f, 1e-6f, -1e-12f, 1e-42f, 60000.0f}) {
      if (!can_hold(format.type, value)) continue;
      const std::vector<float> weights(at(panel.rows * panel.columns), value);
      const auto bytes = quantized(format.type, panel, weights);
      for (const float read : row_of(format.type, bytes, panel, 1)) {
        INFO(format.name << " of " << value << " gave " << read);
        // f16 has steps of 2^-24 near zero, of which a scale may lose one for each level; a weight
        // of q4s has steps of 2^-14 there; the zero point of q2 and q3 has steps of 1/64 and 1/32
        // of a scale that is 2^-13 at least.
        const bool has_low_bits = format.type == DataType::kQ2 || format.type == DataType::kQ3;
        const float smallest = has_low_bits                    ? 0x1p-13f / 64.0f
                               : format.type == DataType::kQ4S ? kQ4SScaleMin / 2.0f
                                                               : 8 * 0x1p-24f;
        const float relative = has_low_bits ? 4e-3f : 2e-3f;
        REQUIRE(std::fabs(read - value) <= std::fabs(value) * relative + smallest);
      }
    }
    for (const float value : {1e9f, -1e9f, 3e38f}) {
      std::vector<float> weights(at(panel.rows * panel.columns), value);
      weights[3] = -value;
      const auto bytes = quantized(format.type, panel, weights);
      for (const float read : row_of(format.type, bytes, panel, 0)) REQUIRE(std::isfinite(read));
    }
  }
}

TEST_CASE("weights that are no numbers quantize to something, without harm to other groups") {
  const Panel panel{1, 64};
  for (const float bad : {std::bit_cast<float>(0x7fc00000u), std::bit_cast<float>(0x7f800000u),
                          std::bit_cast<float>(0xff800000u)}) {
    for (const QuantizationFormat& format : quantization_formats()) {
      std::vector<float> weights(64, 0.5f);
      weights[5] = bad;
      const auto values = row_of(format.type, quantized(format.type, panel, weights), panel, 0);
      for (std::size_t i = 32; i < 64; ++i) REQUIRE(std::fabs(values[i] - 0.5f) < 2e-3f);
    }
  }
}

TEST_CASE("what lies beyond the last row and column is of value zero") {
  RandomValues random(54);
  const Panel panel{3, 40};
  for (const DataType type : {DataType::kQ8, DataType::kQ4, DataType::kQ4S}) {
    const auto bytes = quantized(type, panel, random.uniform(panel.rows * panel.columns, 1.0f));
    for (std::int64_t row = 0; row < kPanelRows; ++row) {
      const auto values = row_of(type, bytes, {8, 64}, row);
      for (std::int64_t i = row < 3 ? 40 : 0; i < 64; ++i) REQUIRE(values[at(i)] == 0.0f);
    }
  }
}

TEST_CASE("q4s blocks of any bytes read as finite numbers within the format's range") {
  RandomValues random(57);
  std::vector<std::byte> panel(panel_size_bytes(DataType::kQ4S, 96));
  for (int round = 0; round < 20; ++round) {
    for (std::byte& byte : panel) byte = static_cast<std::byte>(random.below(256));
    for (std::int64_t row = 0; row < kPanelRows; ++row) {
      for (const float value : row_of(DataType::kQ4S, panel, {8, 96}, row)) {
        REQUIRE(std::fabs(value) <= kQ4SScaleMax * 8.0f);
      }
    }
  }
}

TEST_CASE("every scale of q4s is read, and encoding it again gives the same byte") {
  for (int code = 0; code < 256; ++code) {
    const auto byte = static_cast<std::uint8_t>(code);
    REQUIRE(q4s_scale_code(q4s_scale(byte)) == byte);
    REQUIRE(q4s_scale(byte) == -q4s_scale(static_cast<std::uint8_t>(code ^ 128)));
    if (code % 128 > 0) {
      REQUIRE(std::fabs(q4s_scale(byte)) >
              std::fabs(q4s_scale(static_cast<std::uint8_t>(code - 1))));
    }
  }
  for (float scale = kQ4SScaleMin; scale < kQ4SScaleMax; scale *= 1.0037f) {
    REQUIRE(std::fabs(q4s_scale(q4s_scale_code(scale)) - scale) <= scale / 16.0f);
    REQUIRE(std::fabs(q4s_scale(q4s_scale_code(-scale)) + scale) <= scale / 16.0f);
  }
  CHECK(q4s_scale_code(1e30f) == 127);
  CHECK(q4s_scale_code(-INFINITY) == 255);
  CHECK(q4s_scale_code(NAN) == 0);
}

TEST_CASE("f32 and f16 rows are read as they are") {
  const std::vector<float> weights = {1.0f, 2.0f, 3.0f, 4.0f, 5.0f, 6.0f};
  float row[3];
  dequantize_row(DataType::kF32, reinterpret_cast<const std::byte*>(weights.data()), 3, 1, row);
  CHECK((row[0] == 4.0f && row[1] == 5.0f && row[2] == 6.0f));
  std::vector<std::uint16_t> halves;
  for (const float weight : weights) halves.push_back(float_to_half(weight));
  dequantize_row(DataType::kF16, reinterpret_cast<const std::byte*>(halves.data()), 2, 2, row);
  CHECK((row[0] == 5.0f && row[1] == 6.0f));
}

TEST_CASE("the line search beats a line from the smallest to the largest weight") {
  RandomValues random(56);
  const Panel panel{8, 32 * 40};
  auto weights = random.uniform(panel.rows * panel.columns, 1.0f);
  for (float& weight : weights) weight += random.uniform(1.0f) + random.uniform(1.0f);
  const auto bytes = quantized(DataType::kQ4M, panel, weights);
  double searched = 0.0;
  double plain = 0.0;
  for (std::int64_t row = 0; row < panel.rows; ++row) {
    const auto values = row_of(DataType::kQ4M, bytes, panel, row);
    for (std::int64_t first = 0; first < panel.columns; first += 32) {
      const float* group = weights.data() + row * panel.columns + first;
      const GroupRange range(group, 32);
      const float scale = (range.high - range.low) / 15.0f;
      for (std::int64_t i = 0; i < 32; ++i) {
        const float quant = std::nearbyint((group[i] - range.low) / scale);
        plain += std::pow(scale * quant + range.low - group[i], 2);
        searched += std::pow(values[at(first + i)] - group[i], 2);
      }
    }
  }
  CHECK(searched < 0.9 * plain);
}

TEST_CASE("packing pads the last group and panel with weights of value zero") {
  const Panel panel{3, 40};
  const std::vector<std::uint16_t> scales(6, float_to_half(0.5f));
  const std::vector<std::uint8_t> nibbles(120, 3);
  const std::vector<std::int8_t> signed_bytes(120, -5);
  std::vector<std::byte> q4(panel_size_bytes(DataType::kQ4, 40), std::byte{0xff});
  std::vector<std::byte> q8(panel_size_bytes(DataType::kQ8, 40), std::byte{0xff});
  pack_panel_q4(nibbles.data(), scales.data(), 3, 40, q4.data());
  const std::vector<std::uint8_t> scale_bytes(6, q4s_scale_code(0.5f));
  std::vector<std::byte> q4s(panel_size_bytes(DataType::kQ4S, 40), std::byte{0xff});
  pack_panel_q8(signed_bytes.data(), scales.data(), 3, 40, q8.data());
  pack_panel_q4s(nibbles.data(), scale_bytes.data(), 3, 40, q4s.data());
  for (std::int64_t row = 0; row < kPanelRows; ++row) {
    const auto read4 = row_of(DataType::kQ4, q4, {8, 64}, row);
    const auto read8 = row_of(DataType::kQ8, q8, {8, 64}, row);
    const auto read4s = row_of(DataType::kQ4S, q4s, {8, 64}, row);
    for (std::int64_t i = row < panel.rows ? 40 : 0; i < 64; ++i) {
      REQUIRE(read4[at(i)] == 0.0f);
      REQUIRE(read4s[at(i)] == 0.0f);
      REQUIRE(read8[at(i)] == 0.0f);
    }
  }
}

TEST_CASE("packed integers read back exactly as scale and integer say") {
  RandomValues random(55);
  for (const Panel& panel : kPanels) {
    const std::int64_t groups = group_count(panel.columns);
    std::vector<std::uint16_t> scales, minimums;
    std::vector<std::uint8_t> scale_bytes;
    for (std::int64_t i = 0; i < panel.rows * groups; ++i) {
      scales.push_back(float_to_half(random.uniform(0.1f)));
      minimums.push_back(float_to_half(random.uniform(1.0f)));
      scale_bytes.push_back(static_cast<std::uint8_t>(random.below(256)));
    }
    std::vector<std::int8_t> bytes_in;
    std::vector<std::uint8_t> nibbles;
    for (std::int64_t i = 0; i < panel.rows * panel.columns; ++i) {
      bytes_in.push_back(static_cast<std::int8_t>(random.below(256) - 128));
      nibbles.push_back(static_cast<std::uint8_t>(random.below(16)));
    }
    std::vector<std::byte> q8(panel_size_bytes(DataType::kQ8, panel.columns), std::byte{0xff});
    std::vector<std::byte> q4(panel_size_bytes(DataType::kQ4, panel.columns), std::byte{0xff});
    std::vector<std::byte> q4s(panel_size_bytes(DataType::kQ4S, panel.columns), std::byte{0xff});
    std::vector<std::byte> q4m(panel_size_bytes(DataType::kQ4M, panel.columns), std::byte{0xff});
    pack_panel_q8(bytes_in.data(), scales.data(), panel.rows, panel.columns, q8.data());
    pack_panel_q4(nibbles.data(), scales.data(), panel.rows, panel.columns, q4.data());
    pack_panel_q4s(nibbles.data(), scale_bytes.data(), panel.rows, panel.columns, q4s.data());
    pack_panel_q4m(nibbles.data(), scales.data(), minimums.data(), panel.rows, panel.columns,
                   q4m.data());
    for (std::int64_t row = 0; row < panel.rows; ++row) {
      const auto read8 = row_of(DataType::kQ8, q8, panel, row);
      const auto read4 = row_of(DataType::kQ4, q4, panel, row);
      const auto read4s = row_of(DataType::kQ4S, q4s, panel, row);
      const auto read4m = row_of(DataType::kQ4M, q4m, panel, row);
      for (std::int64_t column = 0; column < panel.columns; ++column) {
        const std::size_t source = at(row * panel.columns + column);
        const std::size_t group = at(row * groups + column / 32);
        const float scale = half_to_float(scales[group]);
        REQUIRE(read8[at(column)] == scale * static_cast<float>(bytes_in[source]));
        REQUIRE(read4[at(column)] == scale * static_cast<float>(nibbles[source] - 8));
        REQUIRE(read4s[at(column)] ==
                q4s_scale(scale_bytes[group]) * static_cast<float>(nibbles[source] - 8));
        // The product and the sum round once each, or once together where they are fused.
        const double exact = static_cast<double>(scale) * nibbles[source] +
                             static_cast<double>(half_to_float(minimums[group]));
        REQUIRE(std::fabs(read4m[at(column)] - exact) <= 2.5 * 0x1p-23);
      }
    }
  }
}

TEST_CASE("a block's bytes lie where the layout's table says") {
  std::vector<std::uint8_t> nibbles(8 * 32);
  std::vector<std::uint16_t> scales(8);
  for (std::size_t i = 0; i < nibbles.size(); ++i) {
    nibbles[i] = static_cast<std::uint8_t>((i * 7 + i / 32) % 16);
  }
  for (std::size_t row = 0; row < 8; ++row) {
    scales[row] = static_cast<std::uint16_t>(0x3c00 + row);
  }
  std::vector<std::byte> block(144);
  pack_panel_q4(nibbles.data(), scales.data(), 8, 32, block.data());
  for (std::size_t row = 0; row < 8; ++row) {
    std::uint16_t scale;
    std::memcpy(&scale, block.data() + 2 * row, 2);
    CHECK(scale == scales[row]);
    for (std::size_t column = 0; column < 16; ++column) {
      const std::byte both = block[16 + column / 4 * 32 + row * 4 + column % 4];
      REQUIRE(std::to_integer<int>(both & std::byte{15}) == nibbles[row * 32 + column]);
      REQUIRE(std::to_integer<int>(both >> 4) == nibbles[row * 32 + 16 + column]);
    }
  }
  std::vector<std::int8_t> quants(8 * 32);
  for (std::size_t i = 0; i < quants.size(); ++i) quants[i] = static_cast<std::int8_t>(i);
  std::vector<std::byte> block8(272);
  pack_panel_q8(quants.data(), scales.data(), 8, 32, block8.data());
  for (std::size_t row = 0; row < 8; ++row) {
    for (std::size_t column = 0; column < 32; ++column) {
      const std::byte byte = block8[16 + column / 4 * 32 + row * 4 + column % 4];
      REQUIRE(static_cast<std::int8_t>(byte) == quants[row * 32 + column]);
    }
  }
}

}  // namespace tessera
