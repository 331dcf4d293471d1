// Attention: causal, grouped-query, with an online softmax; a part per token and query head.
#include <algorithm>
#include <cmath>
#include <limits>

#include "backends/cpu/execution.h"
#include "backends/cpu/positions.h"
#include "base/half.h"

namespace tessera::cpu {
namespace {

float load(float value) noexcept {
  return value;
}
float load(std::uint16_t value) noexcept {
  return half_to_float(value);
}

template <typename Element>
void attend(const float* query, const Element* keys, const Element* values, std::int64_t begin,
            std::int64_t end, std::int64_t head_size, float scale, float* out) noexcept {
  float maximum = -std::numeric_limits<float>::infinity();
  float sum = 0.0f;
  std::fill_n(out, head_size, 0.0f);
  for (std::int64_t position = begin; position < end; ++position) {
    const Element* key = keys + position * head_size;
    const Element* value = values + position * head_size;
    float score = 0.0f;
    for (std::int64_t i = 0; i < head_size; ++i) score += query[i] * load(key[i]);
    score *= scale;
    const float maximum_new = std::max(maximum, score);
    const float correction = std::exp(maximum - maximum_new);
    const float weight = std::exp(score - maximum_new);
    for (std::int64_t i = 0; i < head_size; ++i) {
      out[i] = out[i] * correction + weight * load(value[i]);
    }
    sum = sum * correction + weight;
    maximum = maximum_new;
  }
  for (std::int64_t i = 0; i < head_size; ++i) out[i] /= sum;
}

template <typename Element>
void run_typed(const Attention& op, Execution& execution) {
  const std::int64_t query_heads = op.query.shape[1];
  const std::int64_t head_size = op.query.shape[2];
  const std::int64_t context_tokens_max = op.key_cache.shape[1];
  const std::int64_t group = query_heads / op.key_cache.shape[0];
  const auto* query = reinterpret_cast<const float*>(op.query.host_bytes());
  const auto* keys = reinterpret_cast<const Element*>(op.key_cache.host_bytes());
  const auto* values = reinterpret_cast<const Element*>(op.value_cache.host_bytes());
  const auto* positions = reinterpret_cast<const std::int32_t*>(op.positions.host_bytes());
  auto* out = reinterpret_cast<float*>(op.out.host_bytes());
  execution.threads.for_each_part(op.query.shape[0] * query_heads, [&](std::int64_t part, int) {
    const std::int64_t head = part % query_heads;
    const std::int64_t end = positions[part / query_heads] + std::int64_t{1};
    const std::int64_t begin =
        op.window_tokens > 0 ? std::max<std::int64_t>(0, end - op.window_tokens) : 0;
    const std::int64_t cache = head / group * context_tokens_max * head_size;
    attend(query + part * head_size, keys + cache, values + cache, begin, end, head_size, op.scale,
           out + part * head_size);
  });
}

}  // namespace

Result<void> run(const Attention& op, Execution& execution) {
  TESSERA_TRY_VOID(check_positions(op.positions, op.key_cache.shape[1]));
  if (op.query.shape.element_count() == 0) return {};
  if (op.key_cache.type == DataType::kF32) {
    run_typed<float>(op, execution);
  } else {
    run_typed<std::uint16_t>(op, execution);
  }
  return {};
}

}  // namespace tessera::cpu
