// KvWrite: key_cache[h, positions[t], :] = key[t, h, :], and the same for values; a part per token
// and head, since packing a row takes a while.
#include <algorithm>
#include <array>

#include "backends/cpu/execution.h"
#include "backends/cpu/kv_coordinates.h"
#include "backends/cpu/positions.h"
#include "base/half.h"

namespace tessera::cpu {
namespace {

void pack(const float* source, const KvCodec& codec, std::int64_t head, std::int64_t position,
          std::uint8_t* row) noexcept {
  std::array<float, kKvHeadSizeMax> centered, coordinates, weights;
  const KvCoordinates between(codec, head);
  between.encode(source, position, centered.data(), coordinates.data());
  between.read_weights(weights.data());
  encode_kv_row(codec.format, coordinates.data(), weights.data(), row);
}

// Writes one head's row of a token.
void store(const float* source, const TensorRef& cache, const KvCodec& codec, std::int64_t head,
           std::int64_t position) noexcept {
  const std::int64_t row = head * cache.shape[1] + position;
  const std::int64_t head_size = cache.shape[2];  // or the bytes of a packed row
  if (cache.type == DataType::kF32) {
    std::copy_n(source, head_size, reinterpret_cast<float*>(cache.host_bytes()) + row * head_size);
  } else if (cache.type == DataType::kF16) {
    std::transform(source, source + head_size,
                   reinterpret_cast<std::uint16_t*>(cache.host_bytes()) + row * head_size,
                   float_to_half);
  } else if (head_size > 0) {
    auto* rows = reinterpret_cast<std::uint8_t*>(cache.host_bytes());
    pack(source, codec, head, position, rows + row * head_size);
  }
}

}  // namespace

Result<void> run(const KvWrite& op, Execution& execution) {
  const std::int64_t heads = op.key.shape[1];
  const std::int64_t head_size = op.key.shape[2];
  TESSERA_TRY_VOID(check_positions(op.positions, op.key_cache.shape[1]));
  const auto* key = reinterpret_cast<const float*>(op.key.host_bytes());
  const auto* value = reinterpret_cast<const float*>(op.value.host_bytes());
  const auto* positions = reinterpret_cast<const std::int32_t*>(op.positions.host_bytes());
  execution.threads.for_each_part(op.key.shape[0] * heads, [&](std::int64_t part, int) {
    const std::int64_t head = part % heads;
    const std::int64_t position = positions[part / heads];
    store(key + part * head_size, op.key_cache, op.key_codec, head, position);
    store(value + part * head_size, op.value_cache, op.value_codec, head, position);
  });
  return {};
}

}  // namespace tessera::cpu
