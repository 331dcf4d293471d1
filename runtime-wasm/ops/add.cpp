#include "ops/add.h"

#include "ops/contract.h"

namespace tessera {

Result<void> Add::validate() const {
  return Contract("Add")
      .tensor_of_any_rank("a", a, {DataType::kF32})
      .tensor_of_any_rank("b", b, {DataType::kF32})
      .tensor_of_any_rank("out", out, {DataType::kF32})
      .same_shape("a", a, "b", b)
      .same_shape("a", a, "out", out)
      .same_or_disjoint("a", a, "out", out)
      .same_or_disjoint("b", b, "out", out)
      .result();
}

}  // namespace tessera
