#include "ops/rms_norm.h"

#include <cmath>

#include "ops/contract.h"

namespace tessera {

Result<void> RmsNorm::validate() const {
  Contract contract("RmsNorm");
  contract.tensor("x", x, 2, {DataType::kF32})
      .tensor("weight", weight, 1, {DataType::kF32})
      .tensor("out", out, 2, {DataType::kF32});
  if (!contract.is_met()) return contract.result();
  return contract.same_shape("x", x, "out", out)
      .equal("x's width", x.shape[1], "weight's width", weight.shape[0])
      .require(std::isfinite(epsilon) && epsilon >= 0, "epsilon is negative or not finite")
      .same_or_disjoint("x", x, "out", out)
      .disjoint("weight", weight, "out", out)
      .result();
}

}  // namespace tessera
