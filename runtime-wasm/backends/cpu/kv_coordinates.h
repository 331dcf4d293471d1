// Between a head's elements and its coordinates in a packed KV cache (ops/kv_codec.h).
#pragma once

#include <algorithm>
#include <cstdint>

#include "backends/cpu/simd/simd.h"
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
        weights_(mean_ + size_) {}

  std::int64_t size() const noexcept { return size_; }
  void read_weights(float* out) const noexcept { widen(weights_, size_, out); }

  // z = A (x - mean). `centered` is room for as many elements.
  void encode(const float* x, float* centered, float* z) const noexcept {
    widen(mean_, size_, centered);
    for (std::int64_t i = 0; i < size_; ++i) centered[i] = x[i] - centered[i];
    for (std::int64_t i = 0; i < size_; ++i) z[i] = product(encode_ + i * size_, centered);
  }

  // out = B^T query, with which coordinates of keys are multiplied.
  void turn_query(const float* query, float* out) const noexcept {
    std::fill_n(out, size_, 0.0f);
    for (std::int64_t j = 0; j < size_; ++j) add_scaled(decode_ + j * size_, query[j], out);
  }

  // x = mean + B z
  void decode(const float* z, float* x) const noexcept {
    for (std::int64_t j = 0; j < size_; ++j) {
      x[j] = half_to_float(mean_[j]) + product(decode_ + j * size_, z);
    }
  }

 private:
  float product(const std::uint16_t* row, const float* x) const noexcept {
    simd::F32 sums = simd::splat(0.0f);
    std::int64_t i = 0;
    for (; i + simd::kLanes <= size_; i += simd::kLanes) {
      sums = simd::multiply_add(simd::load_halves(row + i), simd::load(x + i), sums);
    }
    float sum = simd::sum_of_lanes(sums);
    for (; i < size_; ++i) sum += half_to_float(row[i]) * x[i];
    return sum;
  }

  void add_scaled(const std::uint16_t* row, float factor, float* out) const noexcept {
    const simd::F32 factors = simd::splat(factor);
    std::int64_t i = 0;
    for (; i + simd::kLanes <= size_; i += simd::kLanes) {
      simd::store(out + i,
                  simd::multiply_add(simd::load_halves(row + i), factors, simd::load(out + i)));
    }
    for (; i < size_; ++i) out[i] += half_to_float(row[i]) * factor;
  }

  std::int64_t size_;
  const std::uint16_t* encode_;
  const std::uint16_t* decode_;
  const std::uint16_t* mean_;
  const std::uint16_t* weights_;
};

}  // namespace tessera::cpu
