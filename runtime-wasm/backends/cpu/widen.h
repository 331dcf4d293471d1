// A run of f16 numbers as floats.
#pragma once

#include <cstdint>

#include "backends/cpu/simd/simd.h"
#include "base/half.h"

namespace tessera::cpu {

inline void widen(const std::uint16_t* from, std::int64_t count, float* to) noexcept {
  std::int64_t i = 0;
  for (; i + simd::kLanes <= count; i += simd::kLanes) {
    simd::store(to + i, simd::load_halves(from + i));
  }
  for (; i < count; ++i) to[i] = half_to_float(from[i]);
}

}  // namespace tessera::cpu
