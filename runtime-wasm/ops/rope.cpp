#include "ops/rope.h"

#include <cmath>

#include "ops/contract.h"

namespace tessera {

Result<void> Rope::validate() const {
  Contract contract("Rope");
  contract.tensor("x", x, 3, {DataType::kF32})
      .tensor("positions", positions, 1, {DataType::kI32})
      .tensor("frequencies", frequencies, 1, {DataType::kF32});
  if (!contract.is_met()) return contract.result();
  return contract.equal("x's tokens", x.shape[0], "positions' tokens", positions.shape[0])
      .require(2 * frequencies.shape[0] <= x.shape[2],
               "twice the frequencies (" + std::to_string(frequencies.shape[0]) +
                   ") exceeds head_size (" + std::to_string(x.shape[2]) + ")")
      .require(std::isfinite(attention_scale), "attention_scale is not finite")
      .disjoint("frequencies", frequencies, "x", x)
      .disjoint("positions", positions, "x", x)
      .result();
}

}  // namespace tessera
