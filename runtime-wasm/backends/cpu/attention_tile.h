// AttentionTile: a few rows of queries of one head, and what they have gathered from the keys and
// values seen so far. (Online softmax: Milakov and Gimelshein, 2018.)
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>

#include "backends/cpu/simd/math.h"
#include "base/half.h"

namespace tessera::cpu {

struct AttentionTile {
  static constexpr int kRowsMax = 16;
  static constexpr std::int64_t kBlockKeys = 64;

  struct Row {
    const float* query;  // [head_size]
    float* out;          // [head_size]: the weighted sum of values, until finish() divides it
    std::int64_t begin;  // the positions that it sees: begin <= p < end
    std::int64_t end;
    float maximum;              // of its scores so far
    float sum;                  // of exp(score - maximum)
    float weights[kBlockKeys];  // of the block at hand: scores, then exp(score - maximum)
  };

  std::int64_t head_size = 0;
  float scale = 1.0f;
  int row_count = 0;
  Row rows[kRowsMax];

  // REQUIRES: row_count < kRowsMax.
  void add_row(const float* query, float* out, std::int64_t begin, std::int64_t end) noexcept {
    Row& row = rows[row_count++];
    row.query = query;
    row.out = out;
    row.begin = begin;
    row.end = end;
    row.maximum = -std::numeric_limits<float>::infinity();
    row.sum = 0.0f;
    std::fill_n(row.weights, kBlockKeys, 0.0f);
    std::fill_n(out, head_size, 0.0f);
  }

  // Takes in `count` keys and values [count, head_size] of the positions from `first` on.
  // REQUIRES: count <= kBlockKeys.
  template <typename Element>
  void add_block(const Element* keys, const Element* values, std::int64_t first,
                 std::int64_t count) noexcept {
    int r = 0;
    if (row_count % 4 == 3) {
      add_block_to<3>(rows, keys, values, first, count);
      r = 3;
    }
    for (; r + 2 <= row_count; r += 2) add_block_to<2>(rows + r, keys, values, first, count);
    if (r < row_count) add_block_to<1>(rows + r, keys, values, first, count);
  }

  // Turns a row's scores into weights, raises its maximum, and rescales what it has gathered.
  // Positions that it does not see get the weight zero.
  void weigh(Row& row, std::int64_t first, std::int64_t count) const noexcept {
    const std::int64_t begin = std::clamp<std::int64_t>(row.begin - first, 0, count);
    const std::int64_t end = std::clamp<std::int64_t>(row.end - first, begin, count);
    for (std::int64_t k = 0; k < count; k += simd::kLanes) {
      simd::store(row.weights + k, simd::multiply(simd::load(row.weights + k), simd::splat(scale)));
    }
    fill_unseen(row, begin, end, -std::numeric_limits<float>::infinity());
    simd::F32 largest = simd::splat(row.maximum);
    for (std::int64_t k = 0; k < count; k += simd::kLanes) {
      largest = simd::maximum(largest, simd::load(row.weights + k));
    }
    const float maximum = simd::largest_of_lanes(largest);
    if (begin < end) {
      for (std::int64_t k = 0; k < end; k += simd::kLanes) {
        const simd::F32 distance =
            simd::subtract(simd::load(row.weights + k), simd::splat(maximum));
        simd::store(row.weights + k, simd::exp(distance));
      }
    }
    fill_unseen(row, begin, end, 0.0f);
    if (begin == end) return;
    if (maximum > row.maximum) rescale(row, maximum);
    simd::F32 sum = simd::splat(0.0f);
    for (std::int64_t k = 0; k < kBlockKeys; k += simd::kLanes) {
      sum = simd::add(sum, simd::load(row.weights + k));
    }
    row.sum += simd::sum_of_lanes(sum);
  }

  void finish() noexcept {
    for (int r = 0; r < row_count; ++r) {
      const float inverse = 1.0f / rows[r].sum;
      for (std::int64_t i = 0; i < head_size; ++i) rows[r].out[i] *= inverse;
    }
  }

 private:
  static simd::F32 load(const float* from) noexcept { return simd::load(from); }
  static simd::F32 load(const std::uint16_t* from) noexcept { return simd::load_halves(from); }
  static float to_float(float value) noexcept { return value; }
  static float to_float(std::uint16_t value) noexcept { return half_to_float(value); }

  template <int kRows, typename Element>
  void add_block_to(Row* block_rows, const Element* keys, const Element* values, std::int64_t first,
                    std::int64_t count) noexcept {
    constexpr int kKeys = kRows > 2 ? 2 : 4;
    std::int64_t key = 0;
    for (; key + kKeys <= count; key += kKeys) score<kRows, kKeys>(block_rows, keys, key);
    for (; key < count; ++key) score<kRows, 1>(block_rows, keys, key);
    for (int r = 0; r < kRows; ++r) weigh(block_rows[r], first, count);
    add_values<kRows>(block_rows, values, count);
  }

  // weights[key..key + kKeys) = query . key, not scaled yet.
  template <int kRows, int kKeys, typename Element>
  void score(Row* block_rows, const Element* keys, std::int64_t key) const noexcept {
    const Element* first_key = keys + key * head_size;
    simd::F32 sums[kRows][kKeys];
    for (auto& row_sums : sums) std::fill_n(row_sums, kKeys, simd::splat(0.0f));
    std::int64_t i = 0;
    for (; i + simd::kLanes <= head_size; i += simd::kLanes) {
      simd::F32 queries[kRows];
      for (int r = 0; r < kRows; ++r) queries[r] = simd::load(block_rows[r].query + i);
      for (int k = 0; k < kKeys; ++k) {
        const simd::F32 elements = load(first_key + k * head_size + i);
        for (int r = 0; r < kRows; ++r) {
          sums[r][k] = simd::multiply_add(queries[r], elements, sums[r][k]);
        }
      }
    }
    for (int r = 0; r < kRows; ++r) {
      for (int k = 0; k < kKeys; ++k) {
        float sum = simd::sum_of_lanes(sums[r][k]);
        for (std::int64_t tail = i; tail < head_size; ++tail) {
          sum += block_rows[r].query[tail] * to_float(first_key[k * head_size + tail]);
        }
        block_rows[r].weights[key + k] = sum;
      }
    }
  }

  // The weights of a block's positions outside begin..end.
  static void fill_unseen(Row& row, std::int64_t begin, std::int64_t end, float weight) noexcept {
    if (begin == 0 && end == kBlockKeys) return;
    std::fill(row.weights, row.weights + begin, weight);
    std::fill(row.weights + end, row.weights + kBlockKeys, weight);
  }

  void rescale(Row& row, float maximum) const noexcept {
    // Nothing is gathered yet if the old maximum is minus infinity.
    if (row.sum > 0.0f) {
      const float factor = std::exp(row.maximum - maximum);
      row.sum *= factor;
      for (std::int64_t i = 0; i < head_size; ++i) row.out[i] *= factor;
    }
    row.maximum = maximum;
  }

  template <int kRows, typename Element>
  void add_values(Row* block_rows, const Element* values, std::int64_t count) const noexcept {
    constexpr int kVectors = kRows > 2 ? 2 : 4;
    constexpr std::int64_t kWidth = kVectors * simd::kLanes;
    std::int64_t i = 0;
    for (; i + kWidth <= head_size; i += kWidth) {
      add_columns<kRows, kVectors>(block_rows, values, count, i);
    }
    for (; i + simd::kLanes <= head_size; i += simd::kLanes) {
      add_columns<kRows, 1>(block_rows, values, count, i);
    }
    for (; i < head_size; ++i) {
      for (int r = 0; r < kRows; ++r) {
        for (std::int64_t k = 0; k < count; ++k) {
          block_rows[r].out[i] += block_rows[r].weights[k] * to_float(values[k * head_size + i]);
        }
      }
    }
  }

  // out[i..i + kVectors * kLanes) += sum_k weights[k] * values[k, ...]
  template <int kRows, int kVectors, typename Element>
  void add_columns(Row* block_rows, const Element* values, std::int64_t count,
                   std::int64_t i) const noexcept {
    simd::F32 sums[kRows][kVectors];
    for (int r = 0; r < kRows; ++r) {
      for (int v = 0; v < kVectors; ++v) {
        sums[r][v] = simd::load(block_rows[r].out + i + v * simd::kLanes);
      }
    }
    for (std::int64_t k = 0; k < count; ++k) {
      for (int v = 0; v < kVectors; ++v) {
        const simd::F32 elements = load(values + k * head_size + i + v * simd::kLanes);
        for (int r = 0; r < kRows; ++r) {
          const simd::F32 weight = simd::splat(block_rows[r].weights[k]);
          sums[r][v] = simd::multiply_add(weight, elements, sums[r][v]);
        }
      }
    }
    for (int r = 0; r < kRows; ++r) {
      for (int v = 0; v < kVectors; ++v) {
        simd::store(block_rows[r].out + i + v * simd::kLanes, sums[r][v]);
      }
    }
  }
};

}  // namespace tessera::cpu
