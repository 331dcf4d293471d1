// The activations of one group of 32 in registers, of which kernels want four or eight bytes in
// every lane: a splat is then one instruction, where one from memory takes an address too.
#pragma once

#include <cstddef>

#include "backends/cpu/simd/wasm.h"

namespace tessera::simd {

template <int kVectors>
class GroupActivations {
 public:
  explicit GroupActivations(const std::byte* group) noexcept {
    for (int i = 0; i < kVectors; ++i) vectors_[i] = wasm_v128_load(group + 16 * i);
  }
  // Bytes 4 * kIndex .. 4 * kIndex + 3, four times.
  template <int kIndex>
  v128_t four() const noexcept {
    constexpr int kLane = kIndex % 4;
    const v128_t v = vectors_[kIndex / 4];
    return wasm_i32x4_shuffle(v, v, kLane, kLane, kLane, kLane);
  }
  // Bytes 8 * kIndex .. 8 * kIndex + 7, twice.
  template <int kIndex>
  v128_t eight() const noexcept {
    constexpr int kLane = kIndex % 2;
    const v128_t v = vectors_[kIndex / 2];
    return wasm_i64x2_shuffle(v, v, kLane, kLane);
  }

 private:
  v128_t vectors_[kVectors];
};

}  // namespace tessera::simd
