// Rope: rotates pairs (x[i], x[i + rotary_size / 2]) by positions[t] * frequencies[i], a part per
// token.
#include <cmath>

#include "backends/cpu/execution.h"

namespace tessera::cpu {
namespace {

// The cosine and sine of one pair's angle, scaled.
struct Rotation {
  float cosine;
  float sine;
};

// The angle reaches thousands of radians: in float32 its own rounding would cost 1e-4 and more, so
// it is formed and reduced in double.
Rotation rotation(std::int32_t position, float frequency, float scale) noexcept {
  const double angle = static_cast<double>(position) * static_cast<double>(frequency);
  return {static_cast<float>(std::cos(angle)) * scale, static_cast<float>(std::sin(angle)) * scale};
}

}  // namespace

Result<void> run(const Rope& op, Execution& execution) {
  const std::int64_t heads = op.x.shape[1];
  const std::int64_t head_size = op.x.shape[2];
  const std::int64_t half = op.frequencies.shape[0];
  auto* x = reinterpret_cast<float*>(op.x.host_bytes());
  const auto* positions = reinterpret_cast<const std::int32_t*>(op.positions.host_bytes());
  const auto* frequencies = reinterpret_cast<const float*>(op.frequencies.host_bytes());
  execution.threads.for_each_part(op.x.shape[0], [&](std::int64_t token, int) {
    for (std::int64_t i = 0; i < half; ++i) {
      const Rotation turn = rotation(positions[token], frequencies[i], op.attention_scale);
      float* pair = x + token * heads * head_size + i;
      for (std::int64_t head = 0; head < heads; ++head, pair += head_size) {
        const float first = pair[0];
        const float second = pair[half];
        pair[0] = first * turn.cosine - second * turn.sine;
        pair[half] = second * turn.cosine + first * turn.sine;
      }
    }
  });
  return {};
}

}  // namespace tessera::cpu
