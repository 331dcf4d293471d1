// MatMul: out[t, o] = sum_i x[t, i] * weight[o, i] + bias[o]; picks the kind that suits the
// weights.
#include "backends/cpu/matmul.h"

namespace tessera::cpu {

MatMulArguments MatMulArguments::of(const MatMul& op) {
  return {
      .type = op.weight.type,
      .x = reinterpret_cast<const float*>(op.x.host_bytes()),
      .weight = op.weight.host_bytes(),
      .bias = op.bias.is_empty() ? nullptr : reinterpret_cast<const float*>(op.bias.host_bytes()),
      .out = reinterpret_cast<float*>(op.out.host_bytes()),
      .tokens = op.x.shape[0],
      .rows = op.weight.shape[0],
      .columns = op.weight.shape[1],
  };
}

Result<void> run(const MatMul& op, Execution& execution) {
  const MatMulArguments arguments = MatMulArguments::of(op);
  if (arguments.tokens == 0 || arguments.rows == 0) return {};
  if (!is_quantized(op.weight.type)) return matmul_dense(arguments, execution);
  if (op.activations == Activations::kInt8) {
    return matmul_panels_int8(std::span(&arguments, 1), execution);
  }
  if (op.weight.type == DataType::kQ3 || op.weight.type == DataType::kQ2) {
    return matmul_low_bits_f32(arguments, execution);
  }
  return matmul_panels_f32(arguments, execution);
}

}  // namespace tessera::cpu
