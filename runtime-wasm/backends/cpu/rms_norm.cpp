// RmsNorm: out[r, :] = x[r, :] / sqrt(mean(x[r, :]^2) + epsilon) * weight, a part per row.
#include <cmath>

#include "backends/cpu/execution.h"

namespace tessera::cpu {
namespace {

void normalize_row(const float* x, const float* weight, float* out, std::int64_t width,
                   float epsilon) noexcept {
  double sum = 0.0;
  for (std::int64_t i = 0; i < width; ++i) sum += static_cast<double>(x[i]) * x[i];
  const double mean = sum / static_cast<double>(width);
  const auto factor = static_cast<float>(1.0 / std::sqrt(mean + static_cast<double>(epsilon)));
  for (std::int64_t i = 0; i < width; ++i) out[i] = x[i] * factor * weight[i];
}

}  // namespace

Result<void> run(const RmsNorm& op, Execution& execution) {
  const std::int64_t width = op.x.shape[1];
  const auto* x = reinterpret_cast<const float*>(op.x.host_bytes());
  const auto* weight = reinterpret_cast<const float*>(op.weight.host_bytes());
  auto* out = reinterpret_cast<float*>(op.out.host_bytes());
  execution.threads.for_each_part(op.x.shape[0], [&](std::int64_t row, int) {
    normalize_row(x + row * width, weight, out + row * width, width, op.epsilon);
  });
  return {};
}

}  // namespace tessera::cpu
