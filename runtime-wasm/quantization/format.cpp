#include "quantization/format.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "base/check.h"
#include "base/half.h"
#include "quantization/q2.h"
#include "quantization/q3.h"
#include "quantization/q4.h"
#include "quantization/q4m.h"
#include "quantization/q4s.h"
#include "quantization/q8.h"

namespace tessera {
namespace {

constexpr double bits_per_weight(std::size_t block_size_bytes) {
  return 8.0 * static_cast<double>(block_size_bytes) /
         static_cast<double>(kPanelRows * kGroupColumns);
}

constexpr std::array kFormats = {
    QuantizationFormat{DataType::kQ8, "q8", kGroupColumns, sizeof(Q8Block),
                       bits_per_weight(sizeof(Q8Block)), quantize_q8_block, dequantize_q8_row},
    QuantizationFormat{DataType::kQ4, "q4", kGroupColumns, sizeof(Q4Block),
                       bits_per_weight(sizeof(Q4Block)), quantize_q4_block, dequantize_q4_row},
    QuantizationFormat{DataType::kQ4S, "q4s", kGroupColumns, sizeof(Q4SBlock),
                       bits_per_weight(sizeof(Q4SBlock)), quantize_q4s_block, dequantize_q4s_row},
    QuantizationFormat{DataType::kQ4M, "q4m", kGroupColumns, sizeof(Q4MBlock),
                       bits_per_weight(sizeof(Q4MBlock)), quantize_q4m_block, dequantize_q4m_row},
    QuantizationFormat{DataType::kQ3, "q3", kGroupColumns, sizeof(Q3Block),
                       bits_per_weight(sizeof(Q3Block)), quantize_q3_block, dequantize_q3_row},
    QuantizationFormat{DataType::kQ2, "q2", kGroupColumns, sizeof(Q2Block),
                       bits_per_weight(sizeof(Q2Block)), quantize_q2_block, dequantize_q2_row},
};

void dequantize_panel_row(const QuantizationFormat& format, const std::byte* matrix,
                          std::int64_t columns, std::int64_t row, float* out) noexcept {
  const std::byte* block =
      matrix + static_cast<std::size_t>(row / kPanelRows) * panel_size_bytes(format.type, columns);
  std::array<float, kGroupColumns> weights;
  for (std::int64_t column = 0; column < columns; column += format.group_columns) {
    format.dequantize_block_row(block, row % kPanelRows, weights.data());
    std::copy_n(weights.data(), std::min(format.group_columns, columns - column), out + column);
    block += format.block_size_bytes;
  }
}

}  // namespace

std::span<const QuantizationFormat> quantization_formats() {
  return kFormats;
}

const QuantizationFormat& quantization_format(DataType type) {
  for (const QuantizationFormat& format : kFormats) {
    if (format.type == type) return format;
  }
  TESSERA_CHECK(is_quantized(type));
  return kFormats[0];
}

std::size_t panel_size_bytes(DataType type, std::int64_t columns) {
  const QuantizationFormat& format = quantization_format(type);
  return format.block_size_bytes * static_cast<std::size_t>(group_count(columns));
}

void dequantize_row(DataType type, const std::byte* matrix, std::int64_t columns, std::int64_t row,
                    float* out) noexcept {
  const auto width = static_cast<std::size_t>(columns);
  const std::size_t first = static_cast<std::size_t>(row) * width;
  if (type == DataType::kF32) {
    std::memcpy(out, matrix + first * sizeof(float), width * sizeof(float));
  } else if (type == DataType::kF16) {
    const auto* halves = reinterpret_cast<const std::uint16_t*>(matrix) + first;
    std::transform(halves, halves + width, out, half_to_float);
  } else {
    dequantize_panel_row(quantization_format(type), matrix, columns, row, out);
  }
}

void quantize_panel(DataType type, const float* rows, std::int64_t row_count, std::int64_t columns,
                    std::byte* out_panel) noexcept {
  TESSERA_CHECK(row_count >= 0 && row_count <= kPanelRows);
  const QuantizationFormat& format = quantization_format(type);
  for (std::int64_t column = 0; column < columns; column += format.group_columns) {
    const std::int64_t width = std::min(format.group_columns, columns - column);
    format.quantize_block(rows + column, columns, row_count, width, out_panel);
    out_panel += format.block_size_bytes;
  }
}

}  // namespace tessera
