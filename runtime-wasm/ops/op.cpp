#include "ops/op.h"

namespace tessera {
namespace {

const char* name_of(const Embedding&) {
  return "Embedding";
}
const char* name_of(const RmsNorm&) {
  return "RmsNorm";
}
const char* name_of(const MatMul&) {
  return "MatMul";
}
const char* name_of(const Rope&) {
  return "Rope";
}
const char* name_of(const KvWrite&) {
  return "KvWrite";
}
const char* name_of(const Attention&) {
  return "Attention";
}
const char* name_of(const Add&) {
  return "Add";
}
const char* name_of(const GatedActivation&) {
  return "GatedActivation";
}
const char* name_of(const Sample&) {
  return "Sample";
}

}  // namespace

const char* op_name(const Op& op) {
  return std::visit([](const auto& alternative) { return name_of(alternative); }, op);
}

Result<void> validate(const Op& op) {
  return std::visit([](const auto& alternative) { return alternative.validate(); }, op);
}

}  // namespace tessera
