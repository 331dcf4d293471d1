#include "calibration/grid.h"

#include <array>
#include <cmath>

#include "base/check.h"
#include "base/half.h"
#include "quantization/format.h"
#include "quantization/low_bits.h"
#include "quantization/pack.h"
#include "quantization/q4s.h"
#include "quantization/round.h"

namespace tessera::calibration {
namespace {

constexpr float kHalfMax = 65504.0f;

int low_bits(DataType type) {
  return type == DataType::kQ2 ? 2 : 3;
}

float rounded_to_half(float value) {
  return half_to_float(float_to_half(std::clamp(value, -kHalfMax, kHalfMax)));
}

float fixed_zero(DataType type) {
  return type == DataType::kQ8 ? 128.0f : 8.0f;
}

}  // namespace

int quant_max(DataType type) {
  switch (type) {
    case DataType::kQ2: return 3;
    case DataType::kQ3: return 7;
    case DataType::kQ8: return 255;
    default: return 15;
  }
}

bool has_zero_point(DataType type) {
  return type != DataType::kQ8 && type != DataType::kQ4 && type != DataType::kQ4S;
}

std::span<const float> few_zero_points(DataType type) {
  static constexpr auto kZeroPoints = [] {
    std::array<float, 16> zeros{};
    for (std::size_t i = 0; i < zeros.size(); ++i) {
      zeros[i] = low_bit_zero(static_cast<std::uint8_t>(i), 2);
    }
    return zeros;
  }();
  static_assert(kZeroPoints.size() == zero_code_max(2) + 1);
  return type == DataType::kQ2 ? std::span<const float>(kZeroPoints) : std::span<const float>();
}

float weight_max(DataType type) {
  switch (type) {
    case DataType::kQ2:
    case DataType::kQ3: return static_cast<float>(quant_max(type)) * kLowBitScaleMax / 2.0f;
    case DataType::kQ4S: return 7.0f * kQ4SScaleMax;
    default: return kHalfMax;
  }
}

Line encode_line(DataType type, float scale, float zero) {
  Line line;
  if (type == DataType::kQ2 || type == DataType::kQ3) {
    const LowBitLine codes = encode_low_bit_line(scale, zero, low_bits(type));
    line = {low_bit_scale(codes.scale), low_bit_zero(codes.zero, low_bits(type)), codes.scale,
            codes.zero};
    return line;
  }
  if (type == DataType::kQ4S) {
    line.scale_code = q4s_scale_code(scale);
    line.scale = q4s_scale(static_cast<std::uint8_t>(line.scale_code));
    line.zero = fixed_zero(type);
    return line;
  }
  line.scale = rounded_to_half(scale);
  line.scale_code = float_to_half(line.scale);
  line.zero = fixed_zero(type);
  if (type == DataType::kQ4M) {
    const float minimum = rounded_to_half(-scale * zero);
    line.zero_code = float_to_half(minimum);
    line.zero = line.scale == 0.0f ? 0.0f : -minimum / line.scale;
  }
  return line;
}

int quant_of(DataType type, const Line& line, float weight) {
  const float steps = line.scale == 0.0f ? line.zero : weight / line.scale + line.zero;
  return round_within(steps, 0.0f, static_cast<float>(quant_max(type)));
}

QuantizedMatrix::QuantizedMatrix(DataType matrix_type, std::int64_t row_count,
                                 std::int64_t column_count)
    : type(matrix_type),
      rows(row_count),
      columns(column_count),
      quants(static_cast<std::size_t>(row_count * column_count)),
      lines(static_cast<std::size_t>(row_count * group_count(column_count))) {}

std::int64_t QuantizedMatrix::groups() const {
  return group_count(columns);
}
Line& QuantizedMatrix::line(std::int64_t row, std::int64_t column) {
  return lines[static_cast<std::size_t>(row * groups() + column / kGroupColumns)];
}
const Line& QuantizedMatrix::line(std::int64_t row, std::int64_t column) const {
  return lines[static_cast<std::size_t>(row * groups() + column / kGroupColumns)];
}
std::uint8_t& QuantizedMatrix::quant(std::int64_t row, std::int64_t column) {
  return quants[static_cast<std::size_t>(row * columns + column)];
}
float QuantizedMatrix::value(std::int64_t row, std::int64_t column) const {
  return line(row, column).value(quants[static_cast<std::size_t>(row * columns + column)]);
}

Matrix dequantize(const QuantizedMatrix& matrix) {
  Matrix out(matrix.rows, matrix.columns);
  for (std::int64_t row = 0; row < matrix.rows; ++row) {
    for (std::int64_t column = 0; column < matrix.columns; ++column) {
      out(row, column) = matrix.value(row, column);
    }
  }
  return out;
}

std::vector<std::byte> pack(const QuantizedMatrix& matrix) {
  const std::size_t panel_bytes = panel_size_bytes(matrix.type, matrix.columns);
  const auto panels = static_cast<std::size_t>(panel_count(matrix.rows));
  std::vector<std::byte> out(panels * panel_bytes);
  const auto groups = static_cast<std::size_t>(matrix.groups());
  for (std::size_t panel = 0; panel < panels; ++panel) {
    const auto first = static_cast<std::int64_t>(panel) * kPanelRows;
    const std::int64_t rows = std::min(kPanelRows, matrix.rows - first);
    const std::uint8_t* quants = matrix.quants.data() + first * matrix.columns;
    std::vector<std::uint16_t> scales, minimums;
    std::vector<std::uint8_t> scale_bytes;
    std::vector<LowBitLine> lines;
    for (std::size_t i = 0; i < static_cast<std::size_t>(rows) * groups; ++i) {
      const Line& line = matrix.lines[static_cast<std::size_t>(first) * groups + i];
      scales.push_back(line.scale_code);
      minimums.push_back(line.zero_code);
      scale_bytes.push_back(static_cast<std::uint8_t>(line.scale_code));
      lines.push_back({scale_bytes.back(), static_cast<std::uint8_t>(line.zero_code)});
    }
    std::byte* to = out.data() + panel * panel_bytes;
    switch (matrix.type) {
      case DataType::kQ4: pack_panel_q4(quants, scales.data(), rows, matrix.columns, to); break;
      case DataType::kQ4S:
        pack_panel_q4s(quants, scale_bytes.data(), rows, matrix.columns, to);
        break;
      case DataType::kQ4M:
        pack_panel_q4m(quants, scales.data(), minimums.data(), rows, matrix.columns, to);
        break;
      case DataType::kQ8: {
        std::vector<std::int8_t> centred(quants, quants + rows * matrix.columns);
        for (std::int8_t& quant : centred) quant = static_cast<std::int8_t>(quant ^ 0x80);
        pack_panel_q8(centred.data(), scales.data(), rows, matrix.columns, to);
        break;
      }
      default: pack_panel_low_bits(matrix.type, quants, lines.data(), rows, matrix.columns, to);
    }
  }
  return out;
}

}  // namespace tessera::calibration
