#include "tensor/data_type.h"

#include <array>
#include <limits>
#include <string>

#include "tensor/panel.h"

namespace tessera {
namespace {

// One row a type: its name, the bytes of an element (row-major) or of a block (panels).
struct DataTypeRow {
  DataType type;
  std::string_view name;
  std::size_t unit_size_bytes;
};

constexpr std::array kDataTypes = {
    DataTypeRow{DataType::kF32, "f32", 4},   DataTypeRow{DataType::kF16, "f16", 2},
    DataTypeRow{DataType::kI32, "i32", 4},   DataTypeRow{DataType::kQ8, "q8", 272},
    DataTypeRow{DataType::kQ4, "q4", 144},   DataTypeRow{DataType::kQ4S, "q4s", 136},
    DataTypeRow{DataType::kQ4M, "q4m", 160}, DataTypeRow{DataType::kQ3, "q3", 112},
    DataTypeRow{DataType::kQ2, "q2", 76},    DataTypeRow{DataType::kKvRows, "kv_rows", 1},
};

const DataTypeRow& row_of(DataType type) {
  for (const DataTypeRow& row : kDataTypes) {
    if (row.type == type) return row;
  }
  TESSERA_CHECK(false);
  return kDataTypes[0];
}

Error overflow(DataType type, const Shape& shape) {
  return Error{ErrorCode::kInvalidArgument, "a tensor of shape " + shape.to_string() +
                                                " and type " + std::string(data_type_name(type)) +
                                                " has a size that is negative or too large"};
}

}  // namespace

std::string_view data_type_name(DataType type) {
  return row_of(type).name;
}

std::optional<DataType> data_type_from_name(std::string_view name) {
  for (const DataTypeRow& row : kDataTypes) {
    if (row.name == name) return row.type;
  }
  return std::nullopt;
}

Result<std::size_t> tensor_size_bytes(DataType type, const Shape& shape) {
  constexpr std::int64_t kDimMax = std::int64_t{1} << 40;
  constexpr std::int64_t kUnitsMax = std::int64_t{1} << 46;
  if (is_quantized(type) && shape.rank() != 2) {
    return Error{ErrorCode::kInvalidArgument, "type " + std::string(data_type_name(type)) +
                                                  " needs a matrix, not shape " +
                                                  shape.to_string()};
  }
  if (type == DataType::kKvRows && shape.rank() != 3) {
    return Error{ErrorCode::kInvalidArgument, "type " + std::string(data_type_name(type)) +
                                                  " is for KV caches of rank 3, not shape " +
                                                  shape.to_string()};
  }
  std::int64_t units = 1;
  for (std::size_t axis = 0; axis < shape.rank(); ++axis) {
    std::int64_t extent = shape[axis];
    if (extent < 0 || extent > kDimMax) return overflow(type, shape);
    if (is_quantized(type)) extent = axis == 0 ? panel_count(extent) : group_count(extent);
    if (extent != 0 && units > kUnitsMax / extent) return overflow(type, shape);
    units *= extent;
  }
  const std::uint64_t size = static_cast<std::uint64_t>(units) * row_of(type).unit_size_bytes;
  if (size > std::numeric_limits<std::size_t>::max()) return overflow(type, shape);
  return static_cast<std::size_t>(size);
}

}  // namespace tessera
