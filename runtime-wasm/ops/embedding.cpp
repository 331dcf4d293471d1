#include "ops/embedding.h"

#include "ops/contract.h"

namespace tessera {

Result<void> Embedding::validate() const {
  Contract contract("Embedding");
  contract.tensor("table", table, 2, kWeightTypes)
      .tensor("ids", ids, 1, {DataType::kI32})
      .tensor("out", out, 2, {DataType::kF32});
  if (!contract.is_met()) return contract.result();
  return contract.equal("ids' tokens", ids.shape[0], "out's tokens", out.shape[0])
      .equal("table's hidden_size", table.shape[1], "out's hidden_size", out.shape[1])
      .disjoint("table", table, "out", out)
      .disjoint("ids", ids, "out", out)
      .result();
}

}  // namespace tessera
