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
    multiply(encode_, centered, z);
  }

  // out = B^T query, with which coordinates of keys are multiplied.
  void turn_query(const float* query, float* out) const noexcept {
    std::fill_n(out, size_, 0.0f);
    std::int64_t j = 0;
    for (; j + 4 <= size_; j += 4) add_scaled<4>(decode_ + j * size_, query + j, out);
    for (; j < size_; ++j) add_scaled<1>(decode_ + j * size_, query + j, out);
  }

  // x = mean + B z
  void decode(const float* z, float* x) const noexcept {
    multiply(decode_, z, x);
    for (std::int64_t i = 0; i < size_; ++i) x[i] += half_to_float(mean_[i]);
  }

 private:
  // out = matrix x; a few rows at a time, so that no sum waits for itself.
  void multiply(const std::uint16_t* matrix, const float* x, float* out) const noexcept {
    std::int64_t row = 0;
    for (; row + 4 <= size_; row += 4) multiply_rows<4>(matrix + row * size_, x, out + row);
    for (; row < size_; ++row) multiply_rows<1>(matrix + row * size_, x, out + row);
  }

  template <int kRows>
  void multiply_rows(const std::uint16_t* rows, const float* x, float* out) const noexcept {
    simd::F32 sums[kRows];
    std::fill_n(sums, kRows, simd::splat(0.0f));
    std::int64_t i = 0;
    for (; i + simd::kLanes <= size_; i += simd::kLanes) {
      const simd::F32 elements = simd::load(x + i);
      for (int r = 0; r < kRows; ++r) {
        sums[r] = simd::multiply_add(simd::load_halves(rows + r * size_ + i), elements, sums[r]);
      }
    }
    for (int r = 0; r < kRows; ++r) {
      out[r] = simd::sum_of_lanes(sums[r]);
      for (std::int64_t tail = i; tail < size_; ++tail) {
        out[r] += half_to_float(rows[r * size_ + tail]) * x[tail];
      }
    }
  }

  // out += the sum of factors[r] * rows[r]
  template <int kRows>
  void add_scaled(const std::uint16_t* rows, const float* factors, float* out) const noexcept {
    std::int64_t i = 0;
    for (; i + simd::kLanes <= size_; i += simd::kLanes) {
      simd::F32 sum = simd::load(out + i);
      for (int r = 0; r < kRows; ++r) {
        sum = simd::multiply_add(simd::load_halves(rows + r * size_ + i), simd::splat(factors[r]),
                                 sum);
      }
      simd::store(out + i, sum);
    }
    for (; i < size_; ++i) {
      for (int r = 0; r < kRows; ++r) out[i] += half_to_float(rows[r * size_ + i]) * factors[r];
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
