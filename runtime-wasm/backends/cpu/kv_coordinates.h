// Between a head's elements and its coordinates in a packed KV cache (ops/kv_codec.h).
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

#include "backends/cpu/simd/simd.h"
#include "backends/cpu/turning_mean.h"
#include "backends/cpu/widen.h"
#include "base/half.h"
#include "ops/kv_codec.h"

namespace tessera::cpu {

class KvCoordinates {
 public:
  KvCoordinates(const KvCodec& codec, std::int64_t head) noexcept
      : size_(codec.matrices.shape[1]),
        encode_(reinterpret_cast<const std::uint16_t*>(codec.matrices.host_bytes()) +
                head * KvCodec::rows_of_head(size_) * size_),
        decode_(encode_ + size_ * size_),
        mean_(decode_ + size_ * size_),
        weights_(mean_ + size_) {
    if (!codec.turns.is_empty()) turning_.emplace(codec.turns, mean_);
  }

  std::int64_t size() const noexcept { return size_; }
  void read_weights(float* out) const noexcept { widen(weights_, size_, out); }
  // Of keys, if their mean turns.
  const std::optional<TurningMean>& turning_mean() const noexcept { return turning_; }

  // z = A (x - mean) for the position of x. `centered` is room for as many elements.
  void encode(const float* x, std::int64_t position, float* centered, float* z) const noexcept {
    const std::int64_t turned = turning_ ? turning_->elements() : 0;
    std::copy_n(x, turned, centered);
    if (turning_) turning_->subtract(position, centered);
    for (std::int64_t i = turned; i < size_; ++i) centered[i] = x[i] - half_to_float(mean_[i]);
    multiply<1>(encode_, {centered}, {z});
  }

  // Vectors that share a pass over a matrix, which is widened as it is read.
  static constexpr int kTogether = 3;

  // outs[k] = B^T queries[k], with which coordinates of keys are multiplied.
  template <int kCount>
  void turn_queries(const float* const (&queries)[kCount],
                    float* const (&outs)[kCount]) const noexcept {
    constexpr int kVectors = kCount == 1 ? 4 : 2;  // as many sums as wait for none
    std::int64_t i = 0;
    for (; i + kVectors * simd::kLanes <= size_; i += kVectors * simd::kLanes) {
      turn_columns<kCount, kVectors>(queries, outs, i);
    }
    for (; i + simd::kLanes <= size_; i += simd::kLanes) turn_columns<kCount, 1>(queries, outs, i);
    for (; i < size_; ++i) {
      for (int k = 0; k < kCount; ++k) {
        float sum = 0.0f;
        for (std::int64_t j = 0; j < size_; ++j) {
          sum += half_to_float(decode_[j * size_ + i]) * queries[k][j];
        }
        outs[k][i] = sum;
      }
    }
  }

  // xs[k] = mean + B zs[k]
  template <int kCount>
  void decode(const float* const (&zs)[kCount], float* const (&xs)[kCount]) const noexcept {
    multiply(decode_, zs, xs);
    for (float* x : xs) {
      for (std::int64_t i = 0; i < size_; ++i) x[i] += half_to_float(mean_[i]);
    }
  }

 private:
  // outs[k] = matrix xs[k]; a few rows at a time, so that no sum waits for itself.
  template <int kCount>
  void multiply(const std::uint16_t* matrix, const float* const (&xs)[kCount],
                float* const (&outs)[kCount]) const noexcept {
    constexpr int kRows = kCount == 1 ? 4 : 2;
    std::int64_t row = 0;
    for (; row + kRows <= size_; row += kRows) multiply_rows<kRows>(matrix, row, xs, outs);
    for (; row < size_; ++row) multiply_rows<1>(matrix, row, xs, outs);
  }

  template <int kRows, int kCount>
  void multiply_rows(const std::uint16_t* matrix, std::int64_t first,
                     const float* const (&xs)[kCount],
                     float* const (&outs)[kCount]) const noexcept {
    const std::uint16_t* rows = matrix + first * size_;
    simd::F32 sums[kRows][kCount];
    for (auto& of_row : sums) std::fill_n(of_row, kCount, simd::splat(0.0f));
    std::int64_t i = 0;
    for (; i + simd::kLanes <= size_; i += simd::kLanes) {
      for (int r = 0; r < kRows; ++r) {
        const simd::F32 numbers = simd::load_halves(rows + r * size_ + i);
        for (int k = 0; k < kCount; ++k) {
          sums[r][k] = simd::multiply_add(numbers, simd::load(xs[k] + i), sums[r][k]);
        }
      }
    }
    for (int r = 0; r < kRows; ++r) {
      for (int k = 0; k < kCount; ++k) {
        float sum = simd::sum_of_lanes(sums[r][k]);
        for (std::int64_t tail = i; tail < size_; ++tail) {
          sum += half_to_float(rows[r * size_ + tail]) * xs[k][tail];
        }
        outs[k][first + r] = sum;
      }
    }
  }

  // Columns i .. i + kVectors * kLanes of turn_queries().
  template <int kCount, int kVectors>
  void turn_columns(const float* const (&queries)[kCount], float* const (&outs)[kCount],
                    std::int64_t i) const noexcept {
    simd::F32 sums[kCount][kVectors];
    for (auto& of_query : sums) std::fill_n(of_query, kVectors, simd::splat(0.0f));
    for (std::int64_t j = 0; j < size_; ++j) {
      for (int v = 0; v < kVectors; ++v) {
        const simd::F32 numbers = simd::load_halves(decode_ + j * size_ + i + v * simd::kLanes);
        for (int k = 0; k < kCount; ++k) {
          sums[k][v] = simd::multiply_add(numbers, simd::splat(queries[k][j]), sums[k][v]);
        }
      }
    }
    for (int k = 0; k < kCount; ++k) {
      for (int v = 0; v < kVectors; ++v) {
        simd::store(outs[k] + i + v * simd::kLanes, sums[k][v]);
      }
    }
  }

  std::int64_t size_;
  const std::uint16_t* encode_;
  const std::uint16_t* decode_;
  const std::uint16_t* mean_;
  const std::uint16_t* weights_;
  std::optional<TurningMean> turning_;
};

}  // namespace tessera::cpu
