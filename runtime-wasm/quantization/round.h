// Rounding that a compiler turns into vector code: std::nearbyint without a call.
#pragma once

namespace tessera {

// The nearest integer, ties to even. REQUIRES: |value| < 2^22, round-to-nearest mode.
inline int round_to_int(float value) noexcept {
  constexpr float kMagic = 12582912.0f;  // 1.5 * 2^23: adding it leaves no bits for a fraction
  return static_cast<int>((value + kMagic) - kMagic);
}

}  // namespace tessera
