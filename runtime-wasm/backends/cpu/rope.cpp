// Rope: rotates pairs (x[i], x[i + rotary_size / 2]) by positions[t] * frequencies[i], a part per
// token.
#include "backends/cpu/execution.h"
#include "backends/cpu/simd/simd.h"

namespace tessera::cpu {
namespace {

// One head: `cosines` and `sines` have `half` elements each.
void rotate(float* x, const float* cosines, const float* sines, std::int64_t half) noexcept {
  std::int64_t i = 0;
  for (; i + simd::kLanes <= half; i += simd::kLanes) {
    const simd::F32 first = simd::load(x + i);
    const simd::F32 second = simd::load(x + half + i);
    const simd::F32 cosine = simd::load(cosines + i);
    const simd::F32 sine = simd::load(sines + i);
    const simd::F32 turned =
        simd::subtract(simd::multiply(first, cosine), simd::multiply(second, sine));
    simd::store(x + i, turned);
    simd::store(x + half + i, simd::multiply_add(second, cosine, simd::multiply(first, sine)));
  }
  for (; i < half; ++i) {
    const float first = x[i];
    const float second = x[half + i];
    x[i] = first * cosines[i] - second * sines[i];
    x[half + i] = second * cosines[i] + first * sines[i];
  }
}

}  // namespace

Result<void> run(const Rope& op, Execution& execution) {
  const std::int64_t heads = op.x.shape[1];
  const std::int64_t head_size = op.x.shape[2];
  const std::int64_t half = op.frequencies.shape[0];
  auto* x = reinterpret_cast<float*>(op.x.host_bytes());
  TESSERA_TRY(const float* rows,
              execution.rotations.rows(op.positions.host_span<const std::int32_t>(),
                                       op.frequencies.host_span<const float>(), op.attention_scale,
                                       execution.threads));
  execution.threads.for_each_part(op.x.shape[0], [&](std::int64_t token, int) {
    const float* row = rows + token * 2 * half;
    for (std::int64_t head = 0; head < heads; ++head) {
      rotate(x + (token * heads + head) * head_size, row, row + half, half);
    }
  });
  return {};
}

}  // namespace tessera::cpu
