// GatedActivation: out = activation(gate) * up, in parts of consecutive elements.
#include <algorithm>
#include <cmath>

#include "backends/cpu/execution.h"
#include "backends/cpu/simd/math.h"

namespace tessera::cpu {
namespace {

constexpr std::int64_t kPartElements = 4096;

// The rarer functions go one element at a time through the standard library.
float gelu(float x) noexcept {
  return 0.5f * x * (1.0f + std::erf(x * 0.70710678f));
}
float gelu_tanh(float x) noexcept {
  return 0.5f * x * (1.0f + std::tanh(0.79788456f * (x + 0.044715f * x * x * x)));
}
float relu(float x) noexcept {
  return std::max(x, 0.0f);
}

template <float (*activation)(float) noexcept>
void activate(const float* gate, const float* up, float* out, std::int64_t count) noexcept {
  for (std::int64_t i = 0; i < count; ++i) out[i] = activation(gate[i]) * up[i];
}

void activate_silu(const float* gate, const float* up, float* out, std::int64_t count) noexcept {
  std::int64_t i = 0;
  for (; i + simd::kLanes <= count; i += simd::kLanes) {
    simd::store(out + i, simd::multiply(simd::silu(simd::load(gate + i)), simd::load(up + i)));
  }
  if (i == count) return;
  float tail[simd::kLanes] = {};
  std::copy(gate + i, gate + count, tail);
  simd::store(tail, simd::silu(simd::load(tail)));
  for (std::int64_t lane = 0; i < count; ++i, ++lane) out[i] = tail[lane] * up[i];
}

auto kernel_of(ActivationFunction function) {
  switch (function) {
    case ActivationFunction::kGelu: return &activate<gelu>;
    case ActivationFunction::kGeluTanh: return &activate<gelu_tanh>;
    case ActivationFunction::kRelu: return &activate<relu>;
    case ActivationFunction::kSilu: break;
  }
  return &activate_silu;
}

}  // namespace

Result<void> run(const GatedActivation& op, Execution& execution) {
  const std::int64_t count = op.out.shape.element_count();
  const auto* gate = reinterpret_cast<const float*>(op.gate.host_bytes());
  const auto* up = reinterpret_cast<const float*>(op.up.host_bytes());
  auto* out = reinterpret_cast<float*>(op.out.host_bytes());
  const auto kernel = kernel_of(op.function);
  const std::int64_t part_count = (count + kPartElements - 1) / kPartElements;
  execution.threads.for_each_part(part_count, [&](std::int64_t part, int) {
    const std::int64_t begin = part * kPartElements;
    kernel(gate + begin, up + begin, out + begin, std::min(kPartElements, count - begin));
  });
  return {};
}

}  // namespace tessera::cpu
