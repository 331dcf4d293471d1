// PackedCache: attention over a packed KV cache. Queries are turned into the coordinates of keys
// and rounded to 16 bits, rows are unpacked a block at a time for all rows of a tile and multiplied
// in integers, and what the tile has gathered of values is turned back in the end (ops/kv_codec.h).
#pragma once

#include <algorithm>
#include <cmath>

#include "backends/cpu/attention_tile.h"
#include "backends/cpu/kv_coordinates.h"
#include "backends/cpu/kv_products.h"
#include "ops/attention.h"

namespace tessera::cpu {

template <typename Dot>
class PackedCache {
 public:
  PackedCache(const Attention& op, std::int64_t key_value_head, float* room) noexcept
      : columns_(padded_kv_columns(op.query.shape[2])),
        keys_(op.key_codec, op.key_cache, key_value_head),
        values_(op.value_codec, op.value_cache, key_value_head),
        between_keys_(op.key_codec, key_value_head),
        between_values_(op.value_codec, key_value_head),
        query_(room),
        turned_(query_ + columns_),
        sums_(turned_ + kTogether * columns_),
        factors_(reinterpret_cast<Factors*>(sums_ + AttentionTile::kRowsMax * columns_)),
        moved_(factors_ + AttentionTile::kRowsMax * columns_ / 2),
        interleaved_(reinterpret_cast<std::byte*>(moved_ + columns_ / 2)),
        queries_(interleaved_ + kv_columns_size_bytes<Dot>(columns_)),
        codes_(reinterpret_cast<std::int8_t*>(queries_ + AttentionTile::kRowsMax * query_size())) {
    std::fill_n(query_, (1 + kTogether + AttentionTile::kRowsMax) * columns_, 0.0f);
  }

  static std::int64_t working_floats(std::int64_t head_size) noexcept {
    const int columns = padded_kv_columns(head_size);
    const std::size_t size_bytes = kv_columns_size_bytes<Dot>(columns) +
                                   AttentionTile::kRowsMax * kv_numbers_size_bytes(columns) +
                                   KvRows::room_bytes(kKvBlockRows, columns);
    return (2 + kTogether + 2 * AttentionTile::kRowsMax) * columns +
           static_cast<std::int64_t>(size_bytes / sizeof(float));
  }

  void add_row(AttentionTile& tile, const float* query, float* out, std::int64_t begin,
               std::int64_t end) noexcept {
    outs_[tile.row_count] = out;
    tile.add_row(query, sums_ + tile.row_count * columns_, begin, end);
  }

  // Encodes the queries of all rows that were added.
  void begin(const AttentionTile& tile) noexcept {
    int row = 0;
    for (; row + kTogether <= tile.row_count; row += kTogether) add_queries<kTogether>(tile, row);
    for (; row < tile.row_count; ++row) add_queries<1>(tile, row);
  }

  void add_block(AttentionTile& tile, std::int64_t first, std::int64_t count) noexcept {
    const int rows = static_cast<int>(count);
    const KvCodes keys = keys_.unpack(first, rows, codes_);
    float key_scales[kKvBlockRows], value_scales[kKvBlockRows] = {};
    keys_.read_scales(first, rows, key_scales);
    for (int row = 0; row < tile.row_count; row += kKvHeadsMax) score(tile, row, keys, key_scales);
    for (int row = 0; row < tile.row_count; ++row) {
      if (between_keys_.turning_mean()) add_turning_mean(tile, row, first, count);
      tile.weigh(tile.rows[row], first, count);
    }
    interleave_rows<Dot>(values_.unpack(first, rows, codes_), columns_, interleaved_);
    values_.read_scales(first, rows, value_scales);
    for (int row = 0; row < tile.row_count; row += kKvHeadsMax) {
      add_values(tile, row, rows, value_scales);
    }
  }

  void finish(AttentionTile& tile) noexcept {
    tile.finish();
    deliver(sums_, columns_, outs_, tile.row_count);
  }

  // What `count` rows gathered of values, divided by its weights, lies `stride` floats apart.
  void deliver(const float* sums, std::int64_t stride, float* const* outs,
               int count) const noexcept {
    int row = 0;
    for (; row + kTogether <= count; row += kTogether) {
      decode<kTogether>(sums + row * stride, stride, outs + row);
    }
    for (; row < count; ++row) decode<1>(sums + row * stride, stride, outs + row);
  }

 private:
  static_assert(kKvBlockRows == AttentionTile::kBlockKeys);
  // The part of all weights so far above which one row's weight in a block makes the others too
  // few steps: they then get as many bits again.
  static constexpr float kLargeShare = 1.0f / 16.0f;

  static constexpr int kTogether = KvCoordinates::kTogether;

  using Factors = TurningMean::Factors;

  Factors* factors_of(int row) noexcept { return factors_ + row * (columns_ / 2); }

  // To the scores of a row of the tile.
  void add_turning_mean(AttentionTile& tile, int row, std::int64_t first,
                        std::int64_t count) noexcept {
    static_assert(kKvBlockRows % TurningMean::kScoresTogether == 0);
    const TurningMean& mean = *between_keys_.turning_mean();
    mean.move_to(first, factors_of(row), moved_);
    mean.add_to_scores(moved_, count, tile.rows[row].weights);
  }

  template <int kCount>
  void add_queries(const AttentionTile& tile, int first) noexcept {
    const float* queries[kCount];
    float* turned[kCount];
    for (int k = 0; k < kCount; ++k) {
      queries[k] = tile.rows[first + k].query;
      turned[k] = turned_ + k * columns_;
    }
    between_keys_.turn_queries(queries, turned);
    for (int k = 0; k < kCount; ++k) {
      if (between_keys_.turning_mean()) {
        between_keys_.turning_mean()->read_query(queries[k], factors_of(first + k));
      }
      keys_.to_unpacked_order(turned[k], query_);
      encode_query(first + k);
    }
  }

  template <int kCount>
  void decode(const float* sums, std::int64_t stride, float* const* outs) const noexcept {
    const float* coordinates[kCount];
    float* elements[kCount];
    for (int k = 0; k < kCount; ++k) {
      coordinates[k] = turned_ + k * columns_;
      values_.from_unpacked_order(sums + k * stride, turned_ + k * columns_);
      elements[k] = outs[k];
    }
    between_values_.decode(coordinates, elements);
  }

  std::size_t query_size() const noexcept { return kv_numbers_size_bytes(columns_); }

  // Of the numbers in query_, for the row of that index.
  void encode_query(int row) noexcept {
    simd::F32 most = simd::splat(0.0f), least = most;
    for (int i = 0; i < columns_; i += simd::kLanes) {
      most = simd::maximum(most, simd::load(query_ + i));
      least = simd::minimum(least, simd::load(query_ + i));
    }
    const float largest =
        simd::largest_of_lanes(simd::maximum(most, simd::subtract(simd::splat(0.0f), least)));
    steps_[row] = largest / Dot::kQueryMax;
    const float inverse = largest > 0.0f ? Dot::kQueryMax / largest : 0.0f;
    std::int32_t sum = 0;
    for (int i = 0; i < columns_; ++i) {
      // In this order what is no number becomes one, which an integer can be made of.
      const float number = std::min(Dot::kQueryMax, std::max(-Dot::kQueryMax, query_[i] * inverse));
      query_[i] = std::nearbyint(number);
      sum += static_cast<std::int32_t>(query_[i]);
    }
    excesses_[row] = Dot::kCodeOffset * sum;
    std::byte* out = queries_ + static_cast<std::size_t>(row) * query_size();
    for (int i = 0; i < columns_; i += 16) {
      Dot::encode_query(query_ + i, out + static_cast<std::size_t>(i) * Dot::kNumberSizeBytes,
                        static_cast<std::size_t>(columns_) * Dot::kNumberSizeBytes);
    }
  }

  // The scores of up to kKvHeadsMax rows of the tile, not scaled yet by tile.scale.
  void score(AttentionTile& tile, int row, const KvCodes& keys, const float* key_scales) noexcept {
    std::int32_t sums[kKvHeadsMax][kKvBlockRows];
    const std::byte* queries = queries_ + static_cast<std::size_t>(row) * query_size();
    const int heads = std::min(kKvHeadsMax, tile.row_count - row);
    if (heads == kKvHeadsMax) {
      multiply_rows<Dot, kKvHeadsMax>(keys, columns_, queries, sums);
    } else {
      for (int h = 0; h < heads; ++h) {
        multiply_rows<Dot, 1>(keys, columns_, queries + static_cast<std::size_t>(h) * query_size(),
                              sums + h);
      }
    }
    for (int h = 0; h < heads; ++h) {
      const simd::F32 step = simd::splat(steps_[row + h]);
      const simd::I32 excess = simd::splat_i32(excesses_[row + h]);
      for (int k = 0; k < keys.count; k += simd::kLanes) {
        const simd::I32 sum = simd::subtract(simd::load_i32(sums[h] + k), excess);
        const simd::F32 scales = simd::multiply(step, simd::load(key_scales + k));
        simd::store(tile.rows[row + h].weights + k, simd::multiply(simd::to_f32(sum), scales));
      }
    }
  }

  // Adds the values of a block to up to kKvHeadsMax rows of the tile.
  void add_values(AttentionTile& tile, int row, int count, const float* scales) noexcept {
    KvWeights weights[kKvHeadsMax], rests[kKvHeadsMax];
    const int heads = std::min(kKvHeadsMax, tile.row_count - row);
    int rest_count = 0;
    for (int h = 0; h < heads; ++h) {
      if (encode_weights(tile.rows[row + h], scales, weights[h], rests[rest_count])) ++rest_count;
    }
    if (heads == kKvHeadsMax) {
      add_rows<Dot, kKvHeadsMax>(interleaved_, count, columns_, weights);
    } else {
      for (int h = 0; h < heads; ++h) add_rows<Dot, 1>(interleaved_, count, columns_, weights + h);
    }
    for (int h = 0; h < rest_count; ++h) {
      add_rows<Dot, 1>(interleaved_, count, columns_, rests + h);
    }
  }

  // A row's weights times the scales of the values. Gives whether `rest`, too, is to be added: what
  // rounding left of them.
  static bool encode_weights(const AttentionTile::Row& row, const float* scales, KvWeights& weights,
                             KvWeights& rest) noexcept {
    float scaled[kKvBlockRows];
    simd::F32 largest_weights = simd::splat(0.0f), largest_scaled = simd::splat(0.0f);
    for (int k = 0; k < kKvBlockRows; k += simd::kLanes) {
      const simd::F32 weight = simd::load(row.weights + k);
      const simd::F32 product = simd::multiply(weight, simd::load(scales + k));
      largest_weights = simd::maximum(largest_weights, weight);
      largest_scaled = simd::maximum(largest_scaled, product);
      simd::store(scaled + k, product);
    }
    const float largest = simd::largest_of_lanes(largest_scaled);
    const bool has_rest = simd::largest_of_lanes(largest_weights) > kLargeShare * row.sum;
    const float factor = largest > 0.0f ? Dot::kWeightMax / largest : 0.0f;
    encode_numbers(scaled, factor, has_rest ? 0.0f : 0.5f, weights);
    weights.step = largest / Dot::kWeightMax;
    weights.out = row.out;
    if (!has_rest) return false;
    for (float& x : scaled) x = x * factor - std::floor(x * factor);
    encode_numbers(scaled, Dot::kWeightMax, 0.5f, rest);
    rest.step = weights.step / Dot::kWeightMax;
    rest.out = row.out;
    return true;
  }

  // x * factor + offset, rounded down.
  static void encode_numbers(const float* x, float factor, float offset,
                             KvWeights& weights) noexcept {
    for (std::size_t k = 0; k < kKvBlockRows; k += 16) {
      Dot::encode_weights(x + k, factor, offset, weights.numbers + k * Dot::kNumberSizeBytes,
                          kKvBlockRows * Dot::kNumberSizeBytes);
    }
  }

  int columns_;  // padded
  KvRows keys_, values_;
  KvCoordinates between_keys_, between_values_;
  float* query_;                               // [columns], in the order of unpacked rows
  float* turned_;                              // [kTogether, columns], in that of coordinates
  float* sums_;                                // [kRowsMax, columns]
  Factors* factors_;                           // [kRowsMax, columns / 2], of the rows' queries
  Factors* moved_;                             // [columns / 2], to the block at hand
  std::byte* interleaved_;                     // a block's values, as interleave_rows leaves them
  std::byte* queries_;                         // the rows' encoded queries
  std::int8_t* codes_;                         // an unpacked block and its margin
  float steps_[AttentionTile::kRowsMax] = {};  // that the numbers of a query are multiples of
  std::int32_t excesses_[AttentionTile::kRowsMax] = {};  // what kCodeOffset adds to its products
  float* outs_[AttentionTile::kRowsMax] = {};
};

}  // namespace tessera::cpu
