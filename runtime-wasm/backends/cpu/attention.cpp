// Attention: causal, grouped-query, with an online softmax.
//   out[t, h, :] = sum_p softmax_p(scale * query[t, h, :] . keys[p, :]) * values[p, :]
// A part is one query head with a tile of tokens, or, for a single token, all query heads that
// share keys, so that these are read and widened once; it passes over the keys in blocks.
#include <algorithm>

#include "backends/cpu/attention_tile.h"
#include "backends/cpu/execution.h"
#include "backends/cpu/positions.h"
#include "backends/cpu/widen.h"

namespace tessera::cpu {
namespace {

void attend_block(AttentionTile& tile, const float* keys, const float* values, std::int64_t first,
                  std::int64_t count, float*) noexcept {
  tile.add_block(keys, values, first, count);
}

// A block of an f16 cache is widened once for several tokens, and as it is loaded for one.
void attend_block(AttentionTile& tile, const std::uint16_t* keys, const std::uint16_t* values,
                  std::int64_t first, std::int64_t count, float* wide) noexcept {
  if (tile.row_count == 1) return tile.add_block(keys, values, first, count);
  const std::int64_t elements = count * tile.head_size;
  widen(keys, elements, wide);
  widen(values, elements, wide + elements);
  tile.add_block(wide, wide + elements, first, count);
}

template <typename Element>
class TypedAttention {
 public:
  explicit TypedAttention(const Attention& op)
      : op_(op),
        query_heads_(op.query.shape[1]),
        head_size_(op.query.shape[2]),
        group_(query_heads_ / op.key_cache.shape[0]),
        tile_count_((op.query.shape[0] + AttentionTile::kRowsMax - 1) / AttentionTile::kRowsMax) {}

  Result<void> run(Execution& execution) const {
    const std::int64_t wide_elements = 2 * AttentionTile::kBlockKeys * head_size_;
    TESSERA_TRY(
        std::byte * scratch,
        execution.scratch.reserve(
            static_cast<std::size_t>(execution.threads.threads() * wide_elements) * sizeof(float)));
    const std::int64_t heads = heads_of_part(execution.threads.threads());
    const std::int64_t parts = query_heads_ / heads;
    execution.threads.for_each_part(parts * tile_count_, [&](std::int64_t part, int thread) {
      // The last tokens see the most keys. Their parts have the highest numbers and begin first, so
      // that no thread is left with them.
      attend(part % parts * heads, heads, part / parts,
             reinterpret_cast<float*>(scratch) + thread * wide_elements);
    });
    return {};
  }

 private:
  std::int64_t heads_of_part(int threads) const noexcept {
    const bool is_shared = op_.query.shape[0] == 1 && group_ <= AttentionTile::kRowsMax;
    return is_shared && query_heads_ / group_ >= threads ? group_ : 1;
  }

  // REQUIRES: the heads share keys; with several heads, there is a single token.
  void attend(std::int64_t head, std::int64_t heads, std::int64_t tile_index,
              float* wide) const noexcept {
    AttentionTile tile;
    tile.head_size = head_size_;
    tile.scale = op_.scale;
    const std::int64_t first_token = tile_index * AttentionTile::kRowsMax;
    const std::int64_t last_token =
        std::min(op_.query.shape[0], first_token + AttentionTile::kRowsMax);
    const auto* positions = reinterpret_cast<const std::int32_t*>(op_.positions.host_bytes());
    std::int64_t begin = op_.key_cache.shape[1];
    std::int64_t end = 0;
    for (std::int64_t row = 0; row < (last_token - first_token) * heads; ++row) {
      const std::int64_t token = first_token + row / heads;
      const std::int64_t offset = (token * query_heads_ + head + row % heads) * head_size_;
      const std::int64_t row_end = positions[token] + std::int64_t{1};
      const std::int64_t row_begin =
          op_.window_tokens > 0 ? std::max<std::int64_t>(0, row_end - op_.window_tokens) : 0;
      tile.add_row(reinterpret_cast<const float*>(op_.query.host_bytes()) + offset,
                   reinterpret_cast<float*>(op_.out.host_bytes()) + offset, row_begin, row_end);
      begin = std::min(begin, row_begin);
      end = std::max(end, row_end);
    }
    const std::int64_t cache = head / group_ * op_.key_cache.shape[1] * head_size_;
    const auto* keys = reinterpret_cast<const Element*>(op_.key_cache.host_bytes()) + cache;
    const auto* values = reinterpret_cast<const Element*>(op_.value_cache.host_bytes()) + cache;
    for (std::int64_t first = begin; first < end; first += AttentionTile::kBlockKeys) {
      const std::int64_t count = std::min(AttentionTile::kBlockKeys, end - first);
      attend_block(tile, keys + first * head_size_, values + first * head_size_, first, count,
                   wide);
    }
    tile.finish();
  }

  const Attention& op_;
  std::int64_t query_heads_;
  std::int64_t head_size_;
  std::int64_t group_;
  std::int64_t tile_count_;
};

}  // namespace

Result<void> run(const Attention& op, Execution& execution) {
  TESSERA_TRY_VOID(check_positions(op.positions, op.key_cache.shape[1]));
  if (op.query.shape.element_count() == 0) return {};
  if (op.key_cache.type == DataType::kF32) return TypedAttention<float>(op).run(execution);
  return TypedAttention<std::uint16_t>(op).run(execution);
}

}  // namespace tessera::cpu
