#include "backends/cpu/joined_matmuls.h"

#include <array>
#include <variant>

#include "backends/cpu/matmul.h"

namespace tessera::cpu {
namespace {

bool has_panels_int8(const MatMul& op) noexcept {
  return op.activations == Activations::kInt8 && is_quantized(op.weight.type) &&
         op.weight.shape[0] > 0 && op.x.shape[0] > 0;
}

bool is_same(const TensorRef& a, const TensorRef& b) noexcept {
  return a.buffer.host == b.buffer.host && a.offset_bytes == b.offset_bytes && a.shape == b.shape;
}

bool share_bytes(const TensorRef& a, const TensorRef& b) noexcept {
  const auto end = [](const TensorRef& tensor) {
    return tensor.host_bytes() + tensor.shape.element_count() * std::int64_t{sizeof(float)};
  };
  return a.host_bytes() < end(b) && b.host_bytes() < end(a);
}

bool can_follow(std::span<const Op> joined, const MatMul& op) noexcept {
  const MatMul& first = std::get<MatMul>(joined.front());
  if (!has_panels_int8(op) || op.weight.type != first.weight.type || !is_same(op.x, first.x)) {
    return false;
  }
  for (const Op& earlier : joined) {
    if (share_bytes(std::get<MatMul>(earlier).out, op.out)) return false;
  }
  return true;
}

}  // namespace

std::size_t joined_matmul_count(std::span<const Op> ops) noexcept {
  const auto* first = ops.empty() ? nullptr : std::get_if<MatMul>(&ops.front());
  if (first == nullptr || !has_panels_int8(*first)) return 0;
  std::size_t count = 1;
  for (; count < ops.size() && count < kMatMulsJoinedMax; ++count) {
    const auto* next = std::get_if<MatMul>(&ops[count]);
    if (next == nullptr || !can_follow(ops.first(count), *next)) break;
  }
  return count;
}

Result<void> run_joined_matmuls(std::span<const Op> ops, Execution& execution) {
  TESSERA_CHECK(ops.size() <= kMatMulsJoinedMax);
  std::array<MatMulArguments, kMatMulsJoinedMax> arguments;
  for (std::size_t i = 0; i < ops.size(); ++i) {
    arguments[i] = MatMulArguments::of(std::get<MatMul>(ops[i]));
  }
  return matmul_panels_int8(std::span(arguments).first(ops.size()), execution);
}

}  // namespace tessera::cpu
