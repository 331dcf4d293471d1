#include "ops/contract.h"

#include <utility>

namespace tessera {
namespace {

// The boundary that kernels rely on: an element's size, or a block's 16-bit scales.
std::size_t alignment_bytes(DataType type) {
  return type == DataType::kF32 || type == DataType::kI32 ? 4 : 2;
}

std::string type_list(std::initializer_list<DataType> types) {
  std::string text;
  for (DataType type : types) {
    if (!text.empty()) text += " or ";
    text += data_type_name(type);
  }
  return text;
}

bool is_among(DataType type, std::initializer_list<DataType> types) {
  for (DataType candidate : types) {
    if (candidate == type) return true;
  }
  return false;
}

// REQUIRES: check_place accepted the tensor.
std::size_t size_bytes(const TensorRef& tensor) {
  return tensor_size_bytes(tensor.type, tensor.shape).value_or(0);
}

}  // namespace

Contract& Contract::fail(std::string message) {
  if (error_.empty()) error_ = std::move(message);
  return *this;
}

Contract& Contract::tensor(std::string_view name, const TensorRef& tensor, std::size_t rank,
                           std::initializer_list<DataType> types) {
  if (!is_met()) return *this;
  if (tensor.shape.rank() != rank) {
    return fail(std::string(name) + " needs rank " + std::to_string(rank) + ", not shape " +
                tensor.shape.to_string());
  }
  return tensor_of_any_rank(name, tensor, types);
}

Contract& Contract::tensor_of_any_rank(std::string_view name, const TensorRef& tensor,
                                       std::initializer_list<DataType> types) {
  if (!is_met()) return *this;
  if (tensor.shape.rank() == 0) return fail(std::string(name) + " is missing");
  if (!is_among(tensor.type, types)) {
    return fail(std::string(name) + " has type " + std::string(data_type_name(tensor.type)) +
                ", but needs " + type_list(types));
  }
  check_place(name, tensor);
  return *this;
}

void Contract::check_place(std::string_view name, const TensorRef& tensor) {
  const Result<std::size_t> size = tensor_size_bytes(tensor.type, tensor.shape);
  if (!size) {
    fail(std::string(name) + ": " + size.error().message);
    return;
  }
  const std::size_t available = tensor.buffer.size_bytes;
  if (tensor.offset_bytes > available || *size > available - tensor.offset_bytes) {
    fail(std::string(name) + " takes " + std::to_string(*size) + " bytes at offset " +
         std::to_string(tensor.offset_bytes) + " of a buffer of " + std::to_string(available));
  } else if (tensor.offset_bytes % alignment_bytes(tensor.type) != 0) {
    fail(std::string(name) + " starts at offset " + std::to_string(tensor.offset_bytes) +
         ", which is no multiple of " + std::to_string(alignment_bytes(tensor.type)));
  }
}

Contract& Contract::equal(std::string_view left_name, std::int64_t left,
                          std::string_view right_name, std::int64_t right) {
  if (!is_met() || left == right) return *this;
  return fail(std::string(left_name) + " (" + std::to_string(left) + ") and " +
              std::string(right_name) + " (" + std::to_string(right) + ") differ");
}

Contract& Contract::same_shape(std::string_view left_name, const TensorRef& left,
                               std::string_view right_name, const TensorRef& right) {
  if (!is_met() || left.shape == right.shape) return *this;
  return fail(std::string(left_name) + " of shape " + left.shape.to_string() + " and " +
              std::string(right_name) + " of shape " + right.shape.to_string() + " differ");
}

bool Contract::overlap(const TensorRef& left, const TensorRef& right) const {
  if (left.buffer.id != right.buffer.id || left.buffer.host != right.buffer.host) return false;
  const std::size_t left_end = left.offset_bytes + size_bytes(left);
  const std::size_t right_end = right.offset_bytes + size_bytes(right);
  return left.offset_bytes < right_end && right.offset_bytes < left_end;
}

Contract& Contract::disjoint(std::string_view left_name, const TensorRef& left,
                             std::string_view right_name, const TensorRef& right) {
  if (!is_met() || !overlap(left, right)) return *this;
  return fail(std::string(left_name) + " and " + std::string(right_name) + " overlap");
}

Contract& Contract::same_or_disjoint(std::string_view left_name, const TensorRef& left,
                                     std::string_view right_name, const TensorRef& right) {
  if (!is_met() || !overlap(left, right)) return *this;
  if (left.offset_bytes == right.offset_bytes && size_bytes(left) == size_bytes(right)) {
    return *this;
  }
  return fail(std::string(left_name) + " and " + std::string(right_name) + " overlap in part");
}

Contract& Contract::require(bool is_demand_met, std::string_view message) {
  if (!is_met() || is_demand_met) return *this;
  return fail(std::string(message));
}

Result<void> Contract::result() const {
  if (is_met()) return {};
  return Error{ErrorCode::kInvalidArgument, op_ + ": " + error_};
}

}  // namespace tessera
