// Contract: collects what an op demands of its tensors and remembers the first demand not met.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

#include "base/result.h"
#include "tensor/tensor_ref.h"

namespace tessera {

// Every type that a weight matrix may have.
inline constexpr std::initializer_list<DataType> kWeightTypes = {
    DataType::kF32, DataType::kF16, DataType::kQ8, DataType::kQ4,
    DataType::kQ4S, DataType::kQ4M, DataType::kQ3, DataType::kQ2};

// Every type that a KV cache may have.
inline constexpr std::initializer_list<DataType> kKvCacheTypes = {DataType::kF32, DataType::kF16,
                                                                  DataType::kKvRows};

class Contract {
 public:
  explicit Contract(std::string_view op) : op_(op) {}

  // The tensor has this rank, one of these types, no negative extent, and lies inside its buffer at
  // an offset that its elements' alignment allows.
  Contract& tensor(std::string_view name, const TensorRef& tensor, std::size_t rank,
                   std::initializer_list<DataType> types);
  // As above, of any rank from 1 on.
  Contract& tensor_of_any_rank(std::string_view name, const TensorRef& tensor,
                               std::initializer_list<DataType> types);
  // The two extents agree. Each side is named, for instance "x's columns".
  Contract& equal(std::string_view left_name, std::int64_t left, std::string_view right_name,
                  std::int64_t right);
  Contract& same_shape(std::string_view left_name, const TensorRef& left,
                       std::string_view right_name, const TensorRef& right);
  // No byte is in both tensors.
  Contract& disjoint(std::string_view left_name, const TensorRef& left, std::string_view right_name,
                     const TensorRef& right);
  // The two tensors are the very same bytes or share none.
  Contract& same_or_disjoint(std::string_view left_name, const TensorRef& left,
                             std::string_view right_name, const TensorRef& right);
  // A demand of any other kind; `message` says what is wrong.
  Contract& require(bool is_met, std::string_view message);

  // Whether every demand so far was met; extents may be read only then.
  bool is_met() const { return error_.empty(); }
  Result<void> result() const;

 private:
  Contract& fail(std::string message);
  bool overlap(const TensorRef& left, const TensorRef& right) const;
  void check_place(std::string_view name, const TensorRef& tensor);

  std::string op_;
  std::string error_;
};

}  // namespace tessera
