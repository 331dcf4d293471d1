#include "ops/sample.h"

#include "ops/contract.h"

namespace tessera {

Result<void> Sample::validate() const {
  Contract contract("Sample");
  contract.tensor("logits", logits, 2, {DataType::kF32})
      .tensor("parameters", parameters, 1, {DataType::kI32})
      .tensor("seen", seen, 1, {DataType::kI32})
      .tensor("token", token, 1, {DataType::kI32})
      .tensor("report", report, 1, {DataType::kI32});
  if (!contract.is_met()) return contract.result();
  const std::int64_t vocabulary = logits.shape[1];
  return contract.equal("logits' rows", logits.shape[0], "one", 1)
      .require(vocabulary > 0, "the vocabulary is empty")
      .equal("parameters' size", parameters.shape[0], "its words", kSampleParametersWords)
      .equal("seen's size", seen.shape[0], "the vocabulary's words", (vocabulary + 31) / 32)
      .equal("token's size", token.shape[0], "one", 1)
      .equal("report's size", report.shape[0], "its words", kSampleReportWords)
      .disjoint("token", token, "report", report)
      .disjoint("logits", logits, "seen", seen)
      .result();
}

}  // namespace tessera
