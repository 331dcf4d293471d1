// RmsNorm: out[r, :] = x[r, :] / sqrt(mean(x[r, :]^2) + epsilon) * weight, a part per row.
#include <cmath>

#include "backends/cpu/execution.h"
#include "backends/cpu/simd/simd.h"

namespace tessera::cpu {
namespace {

float sum_of_squares(const float* x, std::int64_t width) noexcept {
  simd::F32 even = simd::splat(0.0f);
  simd::F32 odd = simd::splat(0.0f);
  std::int64_t i = 0;
  for (; i + 2 * simd::kLanes <= width; i += 2 * simd::kLanes) {
    const simd::F32 first = simd::load(x + i);
    const simd::F32 second = simd::load(x + i + simd::kLanes);
    even = simd::multiply_add(first, first, even);
    odd = simd::multiply_add(second, second, odd);
  }
  float sum = simd::sum_of_lanes(simd::add(even, odd));
  for (; i < width; ++i) sum += x[i] * x[i];
  return sum;
}

void normalize_row(const float* x, const float* weight, float* out, std::int64_t width,
                   float epsilon) noexcept {
  const float mean = sum_of_squares(x, width) / static_cast<float>(width);
  const float factor = 1.0f / std::sqrt(mean + epsilon);
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
