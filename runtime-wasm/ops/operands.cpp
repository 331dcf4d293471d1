#include "ops/operands.h"

#include <variant>

namespace tessera {
namespace {

Operands of(const Embedding& op) {
  return {{op.table, op.ids}, {op.out}};
}
Operands of(const RmsNorm& op) {
  return {{op.x, op.weight}, {op.out}};
}
Operands of(const MatMul& op) {
  return {{op.x, op.weight, op.bias}, {op.out}};
}
Operands of(const Rope& op) {
  return {{op.x, op.positions, op.frequencies}, {op.x}};
}
Operands of(const KvWrite& op) {
  return {{op.key, op.value, op.positions, op.key_codec.matrices, op.key_codec.turns,
           op.value_codec.matrices},
          {op.key_cache, op.value_cache}};
}
Operands of(const Attention& op) {
  return {{op.query, op.key_cache, op.value_cache, op.positions, op.key_codec.matrices,
           op.key_codec.turns, op.value_codec.matrices},
          {op.out}};
}
Operands of(const Add& op) {
  return {{op.a, op.b}, {op.out}};
}
Operands of(const GatedActivation& op) {
  return {{op.gate, op.up}, {op.out}};
}
Operands of(const Sample& op) {
  return {{op.logits, op.parameters, op.seen}, {op.seen, op.token, op.report}};
}

std::size_t size_of(const TensorRef& tensor) {
  return tensor_size_bytes(tensor.type, tensor.shape).value();
}

}  // namespace

Operands operands_of(const Op& op) {
  return std::visit([](const auto& one) { return of(one); }, op);
}

bool overlap(const TensorRef& a, const TensorRef& b) {
  if (a.is_empty() || b.is_empty() || a.buffer.id != b.buffer.id) return false;
  return a.offset_bytes < b.offset_bytes + size_of(b) &&
         b.offset_bytes < a.offset_bytes + size_of(a);
}

bool is_same_place(const TensorRef& a, const TensorRef& b) {
  return !a.is_empty() && !b.is_empty() && a.buffer.id == b.buffer.id &&
         a.offset_bytes == b.offset_bytes && size_of(a) == size_of(b);
}

}  // namespace tessera
