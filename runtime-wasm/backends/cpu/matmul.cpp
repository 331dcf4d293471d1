// MatMul: out[t, o] = sum_i x[t, i] * weight[o, i] + bias[o].
#include <algorithm>

#include "backends/cpu/execution.h"
#include "quantization/format.h"

namespace tessera::cpu {

Result<void> run(const MatMul& op, Execution& execution) {
  const std::int64_t tokens = op.x.shape[0];
  const std::int64_t columns = op.weight.shape[1];
  const std::int64_t rows = op.weight.shape[0];
  const auto* x = reinterpret_cast<const float*>(op.x.host_bytes());
  const auto* bias =
      op.bias.is_empty() ? nullptr : reinterpret_cast<const float*>(op.bias.host_bytes());
  auto* out = reinterpret_cast<float*>(op.out.host_bytes());
  const auto row_size_bytes = static_cast<std::size_t>(columns) * sizeof(float);
  TESSERA_TRY(std::byte * scratch,
              execution.scratch.reserve(row_size_bytes *
                                        static_cast<std::size_t>(execution.threads.threads())));
  execution.threads.for_each_part(rows, [&](std::int64_t row, int thread) {
    auto* weights = reinterpret_cast<float*>(scratch) + thread * columns;
    dequantize_row(op.weight.type, op.weight.host_bytes(), columns, row, weights);
    for (std::int64_t token = 0; token < tokens; ++token) {
      float sum = 0.0f;
      for (std::int64_t i = 0; i < columns; ++i) sum += x[token * columns + i] * weights[i];
      out[token * rows + row] = sum + (bias == nullptr ? 0.0f : bias[row]);
    }
  });
  return {};
}

}  // namespace tessera::cpu
