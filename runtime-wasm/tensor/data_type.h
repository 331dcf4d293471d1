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
  kF32,  // IEEE binary32, row-major
  kF16,  // IEEE binary16, row-major
  kI32,  // signed 32-bit integer, row-major
  kQ8,   // 8 bits per weight, panels of 8 rows, groups of 32 columns (quantization/q8.h)
  kQ4,   // 4 bits per weight with a scale (quantization/q4.h)
  kQ4S,  // 4 bits per weight with a scale of one byte (quantization/q4s.h)
  kQ4M,  // 4 bits per weight with a scale and a minimum (quantization/q4m.h)
  kQ3,   // 3 bits per weight with a scale and a zero point (quantization/q3.h)
  kQ2,   // 2 bits per weight with a scale and a zero point (quantization/q2.h)
  kKv8,  // a KV cache of 8 bits, a row of bytes for each head and token (quantization/kv_row.h)
  kKv4,  // the same of 4 bits
  kKv3,  // the same of 3 bits
  kKv2,  // the same of 2 bits, scales included at least 7 times smaller than f16
};

// The name in a manifest and on the command line: "f32", "f16", "i32", "q8", "q4", "q4s", "q4m",
// "q3", "q2", "kv8", "kv4", "kv3", "kv2".
std::string_view data_type_name(DataType type);
std::optional<DataType> data_type_from_name(std::string_view name);

constexpr bool is_quantized(DataType type) {
  return type == DataType::kQ8 || type == DataType::kQ4 || type == DataType::kQ4S ||
         type == DataType::kQ4M || type == DataType::kQ3 || type == DataType::kQ2;
}

constexpr bool is_packed_kv(DataType type) {
  return type == DataType::kKv8 || type == DataType::kKv4 || type == DataType::kKv3 ||
         type == DataType::kKv2;
}

// Bytes of one row of a packed KV cache: a scale and the codes, which together take half a
// bit more for each coordinate than the type's name says; 2 bits as many as are still 7 times
// smaller than f16. REQUIRES: is_packed_kv(type), head_size >= 0.
constexpr std::int64_t kv_row_size_bytes(DataType type, std::int64_t head_size) {
  if (head_size == 0) return 0;
  if (type == DataType::kKv8) return 1 + head_size;
  const std::int64_t least = 1 + (head_size + 5) / 6;  // runs of 6 coordinates
  std::int64_t size = 2 * head_size / 7;
  if (type == DataType::kKv4) size = 9 * head_size / 16;
  if (type == DataType::kKv3) size = 7 * head_size / 16;
  return size < least ? least : size;
}

static_assert(kv_row_size_bytes(DataType::kKv8, 64) == 65 &&
              kv_row_size_bytes(DataType::kKv4, 64) == 36 &&
              kv_row_size_bytes(DataType::kKv3, 64) == 28 &&
              kv_row_size_bytes(DataType::kKv2, 64) == 18);

// Bytes of a tensor in memory and in a shard, padding included. Quantized types need rank 2,
// packed KV caches rank 3: [key_value_heads, context_tokens_max, head_size].
// Errors: kInvalidArgument if the rank does not fit the type or the size overflows.
Result<std::size_t> tensor_size_bytes(DataType type, const Shape& shape);

}  // namespace tessera
