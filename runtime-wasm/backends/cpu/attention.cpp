// Attention: causal, grouped-query, with an online softmax.
//   out[t, h, :] = sum_p softmax_p(scale * query[t, h, :] . keys[p, :]) * values[p, :]
// A part is one query head with a tile of tokens, or, for a single token, all query heads that
// share keys, so that these are read and widened once; it passes over the keys in blocks. A single
// token that sees many positions has parts for ranges of them, so that no thread is left idle.
#include <algorithm>
#include <cmath>
#include <span>

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
      : head_size(op.query.shape[2]), room(room_for_blocks) {
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
  void begin(const AttentionTile&) noexcept {}
  void finish(AttentionTile& tile) noexcept { tile.finish(); }
  // What `count` rows gathered of values, divided by its weights, lies `stride` floats apart.
  void deliver(const float* sums, std::int64_t stride, float* const* outs,
               int count) const noexcept {
    for (int row = 0; row < count; ++row) std::copy_n(sums + row * stride, head_size, outs[row]);
  }

  const Element* keys;
  const Element* values;
  std::int64_t head_size;
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
    const int threads = execution.threads.threads();
    const std::int64_t room = Cache::working_floats(head_size_);
    const Ranges ranges = ranges_of_token();
    const std::int64_t gathered = ranges.count > 1 ? ranges.count * query_heads_ * row_floats() : 0;
    TESSERA_TRY(std::byte * scratch,
                execution.scratch.reserve(static_cast<std::size_t>(threads * room + gathered) *
                                          sizeof(float)));
    auto* rooms = reinterpret_cast<float*>(scratch);
    if (ranges.count > 1) {
      run_in_ranges(execution.threads, ranges, rooms, rooms + threads * room);
      return {};
    }
    const std::int64_t heads = heads_of_part(threads);
    const std::int64_t parts = query_heads_ / heads;
    execution.threads.for_each_part(parts * tile_count_, [&](std::int64_t part, int thread) {
      // The last tokens see the most keys. Their parts have the highest numbers and begin first, so
      // that no thread is left with them.
      const std::int64_t head = part % parts * heads;
      Cache cache(op_, head / group_, rooms + thread * room);
      AttentionTile tile;
      const Positions seen = add_rows(cache, tile, head, heads, part / parts);
      add_blocks(cache, tile, seen);
      cache.finish(tile);
    });
    return {};
  }

 private:
  static constexpr std::int64_t kRangeTokens = 1024;

  struct Positions {
    std::int64_t begin, end;
  };
  struct Ranges {
    std::int64_t first = 0, count = 1;  // in kRangeTokens
  };

  // What a row has gathered from a range: its maximum, the sum of its weights, and that of values.
  std::int64_t row_floats() const noexcept { return head_size_ + 2; }

  bool is_shared() const noexcept {
    return op_.query.shape[0] == 1 && group_ <= AttentionTile::kRowsMax;
  }
  std::int64_t heads_of_part(int threads) const noexcept {
    return is_shared() && query_heads_ / group_ >= threads ? group_ : 1;
  }

  Positions positions_of_token(std::int64_t token) const noexcept {
    const auto* positions = reinterpret_cast<const std::int32_t*>(op_.positions.host_bytes());
    const std::int64_t end = positions[token] + std::int64_t{1};
    return {op_.window_tokens > 0 ? std::max<std::int64_t>(0, end - op_.window_tokens) : 0, end};
  }

  Ranges ranges_of_token() const noexcept {
    if (!is_shared()) return {};
    const Positions seen = positions_of_token(0);
    const std::int64_t first = seen.begin / kRangeTokens;
    return {first, (seen.end - 1) / kRangeTokens - first + 1};
  }

  // How a token's heads share out its positions does not depend on the number of threads, and so
  // neither do results.
  void run_in_ranges(ThreadPool& threads, const Ranges& ranges, float* rooms,
                     float* gathered) const noexcept {
    const std::int64_t room = Cache::working_floats(head_size_);
    const std::int64_t parts = query_heads_ / group_;
    const std::int64_t range_floats = query_heads_ * row_floats();
    threads.for_each_part(parts * ranges.count, [&](std::int64_t part, int thread) {
      const std::int64_t head = part % parts * group_;
      const std::int64_t range = part / parts;
      Cache cache(op_, head / group_, rooms + thread * room);
      AttentionTile tile;
      float* rows = gathered + range * range_floats + head * row_floats();
      const Positions seen = add_rows(cache, tile, head, group_, 0, rows + 2);
      const std::int64_t begin = (ranges.first + range) * kRangeTokens;
      add_blocks(cache, tile,
                 {std::max(seen.begin, begin), std::min(seen.end, begin + kRangeTokens)});
      for (const AttentionTile::Row& row :
           std::span(tile.rows, static_cast<std::size_t>(tile.row_count))) {
        rows[0] = row.maximum;
        rows[1] = row.sum;
        if (row.out != rows + 2) std::copy_n(row.out, head_size_, rows + 2);
        rows += row_floats();
      }
    });
    threads.for_each_part(parts, [&](std::int64_t part, int thread) {
      const Cache cache(op_, part, rooms + thread * room);
      float* rows = gathered + part * group_ * row_floats();
      float* outs[AttentionTile::kRowsMax];
      for (std::int64_t head = 0; head < group_; ++head) {
        join_ranges(rows + head * row_floats(), range_floats, ranges.count);
        outs[head] =
            reinterpret_cast<float*>(op_.out.host_bytes()) + (part * group_ + head) * head_size_;
      }
      cache.deliver(rows + 2, row_floats(), outs, static_cast<int>(group_));
    });
  }

  // Leaves in the first of a row's ranges, `stride` floats from each other, the weighted mean of
  // values over all of them.
  void join_ranges(float* rows, std::int64_t stride, std::int64_t count) const noexcept {
    float maximum = rows[0];
    for (std::int64_t r = 1; r < count; ++r) maximum = std::max(maximum, rows[r * stride]);
    float sum = 0.0f;
    for (std::int64_t r = 0; r < count; ++r) {
      float* row = rows + r * stride;
      row[0] = std::exp(row[0] - maximum);
      sum += row[0] * row[1];
    }
    for (std::int64_t i = 2; i < row_floats(); ++i) {
      float value = 0.0f;
      for (std::int64_t r = 0; r < count; ++r) value += rows[r * stride] * rows[r * stride + i];
      rows[i] = value / sum;
    }
  }

  // The rows of a tile of tokens for some heads, which gather in the op's output or, row_floats()
  // apart, in `gathered`. Gives the positions that any of them sees.
  // REQUIRES: the heads share keys; with several heads, there is a single token.
  Positions add_rows(Cache& cache, AttentionTile& tile, std::int64_t head, std::int64_t heads,
                     std::int64_t tile_index, float* gathered = nullptr) const noexcept {
    tile.head_size = head_size_;
    tile.scale = op_.scale;
    const std::int64_t first_token = tile_index * AttentionTile::kRowsMax;
    const std::int64_t last_token =
        std::min(op_.query.shape[0], first_token + AttentionTile::kRowsMax);
    Positions all{op_.key_cache.shape[1], 0};
    for (std::int64_t row = 0; row < (last_token - first_token) * heads; ++row) {
      const std::int64_t token = first_token + row / heads;
      const std::int64_t offset = (token * query_heads_ + head + row % heads) * head_size_;
      const Positions seen = positions_of_token(token);
      float* out = gathered != nullptr ? gathered + row * row_floats()
                                       : reinterpret_cast<float*>(op_.out.host_bytes()) + offset;
      cache.add_row(tile, reinterpret_cast<const float*>(op_.query.host_bytes()) + offset, out,
                    seen.begin, seen.end);
      all = {std::min(all.begin, seen.begin), std::max(all.end, seen.end)};
    }
    cache.begin(tile);
    return all;
  }

  static void add_blocks(Cache& cache, AttentionTile& tile, const Positions& positions) noexcept {
    for (std::int64_t first = positions.begin; first < positions.end;
         first += AttentionTile::kBlockKeys) {
      cache.add_block(tile, first, std::min(AttentionTile::kBlockKeys, positions.end - first));
    }
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
