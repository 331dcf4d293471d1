#include "ops/matmul.h"

#include "ops/contract.h"

namespace tessera {

Result<void> MatMul::validate() const {
  Contract contract("MatMul");
  contract.tensor("x", x, 2, {DataType::kF32})
      .tensor("weight", weight, 2, kWeightTypes)
      .tensor("out", out, 2, {DataType::kF32});
  if (!bias.is_empty()) contract.tensor("bias", bias, 1, {DataType::kF32});
  if (!contract.is_met()) return contract.result();
  if (!bias.is_empty()) {
    contract.equal("bias' out_features", bias.shape[0], "weight's out_features", weight.shape[0])
        .disjoint("bias", bias, "out", out);
  }
  return contract.equal("x's tokens", x.shape[0], "out's tokens", out.shape[0])
      .equal("x's in_features", x.shape[1], "weight's in_features", weight.shape[1])
      .equal("weight's out_features", weight.shape[0], "out's out_features", out.shape[1])
      .require(activations <= Activations::kInt8, "activations is none of ours")
      .disjoint("x", x, "out", out)
      .disjoint("weight", weight, "out", out)
      .result();
}

}  // namespace tessera
