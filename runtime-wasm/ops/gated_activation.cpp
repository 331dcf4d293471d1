#include "ops/gated_activation.h"

#include "ops/contract.h"

namespace tessera {

Result<void> GatedActivation::validate() const {
  return Contract("GatedActivation")
      .tensor("gate", gate, 2, {DataType::kF32})
      .tensor("up", up, 2, {DataType::kF32})
      .tensor("out", out, 2, {DataType::kF32})
      .same_shape("gate", gate, "up", up)
      .same_shape("gate", gate, "out", out)
      .same_or_disjoint("gate", gate, "out", out)
      .same_or_disjoint("up", up, "out", out)
      .require(function <= ActivationFunction::kRelu, "function is none of ours")
      .result();
}

}  // namespace tessera
