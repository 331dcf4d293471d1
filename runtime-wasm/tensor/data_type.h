// The types a tensor's elements can have, and how many bytes a tensor of a given type and shape
// takes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/result.h"
#include "tensor/shape.h"

namespace tessera {

enum class DataType : std::uint8_t {
  kF32,     // IEEE binary32, row-major
  kF16,     // IEEE binary16, row-major
  kI32,     // signed 32-bit integer, row-major
  kQ8,      // 8 bits per weight, panels of 8 rows, groups of 32 columns (quantization/q8.h)
  kQ4,      // 4 bits per weight with a scale (quantization/q4.h)
  kQ4S,     // 4 bits per weight with a scale of one byte (quantization/q4s.h)
  kQ4M,     // 4 bits per weight with a scale and a minimum (quantization/q4m.h)
  kQ3,      // 3 bits per weight with a scale and a zero point (quantization/q3.h)
  kQ2,      // 2 bits per weight with a scale and a zero point (quantization/q2.h)
  kKvRows,  // a packed KV cache: bytes, a row for each head and token (quantization/kv_row.h)
};

// The name in a manifest and on the command line: "f32", "f16", "i32", "q8", "q4", "q4s", "q4m",
// "q3", "q2", "kv_rows".
std::string_view data_type_name(DataType type);
std::optional<DataType> data_type_from_name(std::string_view name);

constexpr bool is_quantized(DataType type) {
  return type == DataType::kQ8 || type == DataType::kQ4 || type == DataType::kQ4S ||
         type == DataType::kQ4M || type == DataType::kQ3 || type == DataType::kQ2;
}

// Bytes of a tensor in memory and in a shard, padding included. Quantized types need rank 2,
// packed KV caches rank 3: [key_value_heads, context_tokens_max, bytes of a row].
// Errors: kInvalidArgument if the rank does not fit the type or the size overflows.
Result<std::size_t> tensor_size_bytes(DataType type, const Shape& shape);

}  // namespace tessera
