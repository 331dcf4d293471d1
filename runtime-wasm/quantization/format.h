// The table of weight formats: what each weighs, and how to make it from float32 and read it back.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "tensor/data_type.h"
#include "tensor/panel.h"

namespace tessera {

// A quantized format. Its matrices lie in panels (tensor/panel.h).
struct QuantizationFormat {
  DataType type;
  std::string_view name;
  std::int64_t group_columns;
  std::size_t block_size_bytes;  // of kPanelRows rows by group_columns columns
  double bits_per_weight;        // scales and minimums included, padding not

  // One block from up to kPanelRows rows and up to group_columns columns; `stride` floats lie
  // between the starts of neighbouring rows. What is missing becomes weights of value zero.
  void (*quantize_block)(const float* rows, std::int64_t stride, std::int64_t row_count,
                         std::int64_t column_count, std::byte* block) noexcept;
  // The group_columns weights of one row of a block.
  void (*dequantize_block_row)(const std::byte* block, std::int64_t row, float* out) noexcept;
};

std::span<const QuantizationFormat> quantization_formats();

// REQUIRES: is_quantized(type).
const QuantizationFormat& quantization_format(DataType type);

// Bytes of one panel of a matrix with this many columns. REQUIRES: is_quantized(type).
std::size_t panel_size_bytes(DataType type, std::int64_t columns);

// One row of a weight matrix of any type (f32, f16 or quantized) as `columns` floats.
void dequantize_row(DataType type, const std::byte* matrix, std::int64_t columns, std::int64_t row,
                    float* out) noexcept;

// One panel from row_count <= kPanelRows rows of `columns` finite floats, row-major and dense.
// Writes panel_size_bytes(type, columns) bytes. REQUIRES: is_quantized(type).
void quantize_panel(DataType type, const float* rows, std::int64_t row_count, std::int64_t columns,
                    std::byte* out_panel) noexcept;

}  // namespace tessera
