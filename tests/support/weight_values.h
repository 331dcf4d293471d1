// Weight matrices of every type, made from values and read back as values.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/half.h"
#include "quantization/format.h"

namespace tessera::testing {

// An f32 matrix as a weight matrix of any type.
inline std::vector<std::byte> weight_bytes(DataType type, const Shape& shape,
                                           std::span<const float> values) {
  std::vector<std::byte> bytes(tensor_size_bytes(type, shape).value());
  if (type == DataType::kF32) {
    std::ranges::copy(values, reinterpret_cast<float*>(bytes.data()));
  } else if (type == DataType::kF16) {
    std::ranges::transform(values, reinterpret_cast<std::uint16_t*>(bytes.data()), float_to_half);
  } else {
    const std::size_t panel_size = panel_size_bytes(type, shape[1]);
    for (std::int64_t panel = 0; panel < panel_count(shape[0]); ++panel) {
      const std::int64_t row = panel * kPanelRows;
      quantize_panel(type, values.data() + row * shape[1], std::min(kPanelRows, shape[0] - row),
                     shape[1], bytes.data() + static_cast<std::size_t>(panel) * panel_size);
    }
  }
  return bytes;
}

// What the bytes of a weight matrix [rows, columns] stand for.
inline std::vector<double> weight_values(DataType type, const Shape& shape,
                                         std::span<const std::byte> bytes) {
  std::vector<double> values;
  std::vector<float> row(static_cast<std::size_t>(shape[1]));
  for (std::int64_t r = 0; r < shape[0]; ++r) {
    dequantize_row(type, bytes.data(), shape[1], r, row.data());
    values.insert(values.end(), row.begin(), row.end());
  }
  return values;
}

}  // namespace tessera::testing
