// PackedCache: attention over a packed KV cache. Queries are turned into the coordinates of keys,
// rows are unpacked a block at a time for all rows of a tile, and what the tile has gathered of
// values is turned back in the end (ops/kv_codec.h).
#pragma once

#include "backends/cpu/attention_tile.h"
#include "backends/cpu/kv_coordinates.h"
#include "ops/attention.h"

namespace tessera::cpu {

class PackedCache {
 public:
  PackedCache(const Attention& op, std::int64_t key_value_head, float* room) noexcept
      : keys_(op.key_codec, op.key_cache, key_value_head),
        values_(op.value_codec, op.value_cache, key_value_head),
        queries_(room),
        sums_(queries_ + AttentionTile::kRowsMax * keys_.between.size()),
        block_(sums_ + AttentionTile::kRowsMax * keys_.between.size()) {}

  static std::int64_t working_floats(std::int64_t head_size) noexcept {
    return 2 * (AttentionTile::kRowsMax + AttentionTile::kBlockKeys) * head_size + 2 * kMargin;
  }

  void add_row(AttentionTile& tile, const float* query, float* out, std::int64_t begin,
               std::int64_t end) noexcept {
    const std::int64_t place = tile.row_count * tile.head_size;
    outs_[tile.row_count] = out;
    keys_.between.turn_query(query, queries_ + place);
    tile.add_row(queries_ + place, sums_ + place, begin, end);
  }

  void add_block(AttentionTile& tile, std::int64_t first, std::int64_t count) noexcept {
    float* values = block_ + AttentionTile::kBlockKeys * tile.head_size + kMargin;
    keys_.unpack(first, count, block_);
    values_.unpack(first, count, values);
    tile.add_block(block_, values, first, count);
  }

  void finish(AttentionTile& tile) noexcept {
    tile.finish();
    for (int row = 0; row < tile.row_count; ++row) {
      values_.between.decode(tile.rows[row].out, outs_[row]);
    }
  }

 private:
  // What unpacking a block's last row may write beyond it.
  static constexpr std::int64_t kMargin = kKvRunWidthMax;

  struct Side {
    Side(const KvCodec& codec, const TensorRef& cache, std::int64_t head) noexcept
        : between(codec, head),
          format(codec.format),
          rows(reinterpret_cast<const std::uint8_t*>(cache.host_bytes()) +
               head * cache.shape[1] * codec.format.size_bytes()) {}

    void unpack(std::int64_t first, std::int64_t count, float* out) const noexcept {
      for (std::int64_t i = 0; i < count; ++i) {
        decode_kv_row(format, rows + (first + i) * format.size_bytes(), out + i * between.size());
      }
    }

    KvCoordinates between;
    const KvRowFormat& format;
    const std::uint8_t* rows;
  };

  Side keys_, values_;
  float* queries_;  // [kRowsMax, head_size]
  float* sums_;     // [kRowsMax, head_size]
  float* block_;    // keys and values, [kBlockKeys, head_size] and a margin each
  float* outs_[AttentionTile::kRowsMax] = {};
};

}  // namespace tessera::cpu
