// KvWrite: key_cache[h, positions[t], :] = key[t, h, :], and the same for values; a part per token.
#include <algorithm>

#include "backends/cpu/execution.h"
#include "backends/cpu/positions.h"
#include "base/half.h"

namespace tessera::cpu {
namespace {

void store(const float* source, std::int64_t count, DataType type, std::byte* cache,
           std::int64_t element) noexcept {
  if (type == DataType::kF32) {
    std::copy_n(source, count, reinterpret_cast<float*>(cache) + element);
  } else {
    std::transform(source, source + count, reinterpret_cast<std::uint16_t*>(cache) + element,
                   float_to_half);
  }
}

}  // namespace

Result<void> run(const KvWrite& op, Execution& execution) {
  const std::int64_t heads = op.key.shape[1];
  const std::int64_t head_size = op.key.shape[2];
  const std::int64_t context_tokens_max = op.key_cache.shape[1];
  TESSERA_TRY_VOID(check_positions(op.positions, context_tokens_max));
  const auto* key = reinterpret_cast<const float*>(op.key.host_bytes());
  const auto* value = reinterpret_cast<const float*>(op.value.host_bytes());
  const auto* positions = reinterpret_cast<const std::int32_t*>(op.positions.host_bytes());
  execution.threads.for_each_part(op.key.shape[0], [&](std::int64_t token, int) {
    for (std::int64_t head = 0; head < heads; ++head) {
      const std::int64_t source = (token * heads + head) * head_size;
      const std::int64_t element = (head * context_tokens_max + positions[token]) * head_size;
      store(key + source, head_size, op.key_cache.type, op.key_cache.host_bytes(), element);
      store(value + source, head_size, op.value_cache.type, op.value_cache.host_bytes(), element);
    }
  });
  return {};
}

}  // namespace tessera::cpu
