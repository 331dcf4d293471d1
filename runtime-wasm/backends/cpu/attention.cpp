// Attention: causal, grouped-query, with an online softmax.
//   out[t, h, :] = sum_p softmax_p(scale * query[t, h, :] . keys[p, :]) * values[p, :]
// A part is one query head with a tile of tokens, or, for a single token, all query heads that
// share keys, so that these are read and widened once; it passes over the keys in blocks.
#include <algorithm>

#include "backends/cpu/attention_tile.h"
#include "backends/cpu/execution.h"
#include "backends/cpu/packed_cache.h"
#include "backends/cpu/positions.h"
#include "backends/cpu/widen.h"

namespace tessera::cpu {
namespace {

// What a cache of each type does with the tile of one part: `key_value_head` is the head that its
// rows share, `room` for working_floats() floats.
template <typename Element>
struct RowMajorCache {
  RowMajorCache(const Attention& op, std::int64_t key_value_head, float* room_for_blocks) noexcept
      : room(room_for_blocks) {
    const std::int64_t cache = key_value_head * op.key_cache.shape[1] * op.key_cache.shape[2];
    keys = reinterpret_cast<const Element*>(op.key_cache.host_bytes()) + cache;
    values = reinterpret_cast<const Element*>(op.value_cache.host_bytes()) + cache;
  }
  static std::int64_t working_floats(std::int64_t head_size) noexcept {
    return 2 * AttentionTile::kBlockKeys * head_size;
  }
  void add_row(AttentionTile& tile, const float* query, float* out, std::int64_t begin,
               std::int64_t end) noexcept {
    tile.add_row(query, out, begin, end);
  }
  void finish(AttentionTile& tile) noexcept { tile.finish(); }

  const Element* keys;
  const Element* values;
  float* room;
};

struct FloatCache : RowMajorCache<float> {
  using RowMajorCache::RowMajorCache;
  void add_block(AttentionTile& tile, std::int64_t first, std::int64_t count) noexcept {
    const std::int64_t offset = first * tile.head_size;
    tile.add_block(keys + offset, values + offset, first, count);
  }
};

// A block of an f16 cache is widened once for many rows, and as it is loaded for those few that
// one pass over it serves.
struct HalfCache : RowMajorCache<std::uint16_t> {
  using RowMajorCache::RowMajorCache;
  void add_block(AttentionTile& tile, std::int64_t first, std::int64_t count) noexcept {
    const std::int64_t offset = first * tile.head_size;
    if (tile.row_count <= 3) return tile.add_block(keys + offset, values + offset, first, count);
    const std::int64_t elements = count * tile.head_size;
    widen(keys + offset, elements, room);
    widen(values + offset, elements, room + elements);
    tile.add_block(room, room + elements, first, count);
  }
};

template <typename Cache>
class TypedAttention {
 public:
  explicit TypedAttention(const Attention& op)
      : op_(op),
        query_heads_(op.query.shape[1]),
        head_size_(op.query.shape[2]),
        group_(query_heads_ / op.key_cache.shape[0]),
        tile_count_((op.query.shape[0] + AttentionTile::kRowsMax - 1) / AttentionTile::kRowsMax) {}

  Result<void> run(Execution& execution) const {
    const std::int64_t room = Cache::working_floats(head_size_);
    TESSERA_TRY(std::byte * scratch,
                execution.scratch.reserve(
                    static_cast<std::size_t>(execution.threads.threads() * room) * sizeof(float)));
    const std::int64_t heads = heads_of_part(execution.threads.threads());
    const std::int64_t parts = query_heads_ / heads;
    execution.threads.for_each_part(parts * tile_count_, [&](std::int64_t part, int thread) {
      // The last tokens see the most keys. Their parts have the highest numbers and begin first, so
      // that no thread is left with them.
      attend(part % parts * heads, heads, part / parts,
             reinterpret_cast<float*>(scratch) + thread * room);
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
              float* room) const noexcept {
    Cache cache(op_, head / group_, room);
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
      cache.add_row(tile, reinterpret_cast<const float*>(op_.query.host_bytes()) + offset,
                    reinterpret_cast<float*>(op_.out.host_bytes()) + offset, row_begin, row_end);
      begin = std::min(begin, row_begin);
      end = std::max(end, row_end);
    }
    for (std::int64_t first = begin; first < end; first += AttentionTile::kBlockKeys) {
      cache.add_block(tile, first, std::min(AttentionTile::kBlockKeys, end - first));
    }
    cache.finish(tile);
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
  if (op.key_cache.type == DataType::kF32) return TypedAttention<FloatCache>(op).run(execution);
  if (op.key_cache.type == DataType::kF16) return TypedAttention<HalfCache>(op).run(execution);
  return simd::with_kv_dot(
      [&]<typename Dot>(Dot) { return TypedAttention<PackedCache<Dot>>(op).run(execution); });
}

}  // namespace tessera::cpu
