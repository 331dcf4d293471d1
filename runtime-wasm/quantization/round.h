// Rounding that a compiler turns into vector code: std::nearbyint without a call, safe for any
// input.
#pragma once

namespace tessera {

// The nearest integer, ties to even. REQUIRES: |value| < 2^22, round-to-nearest mode.
inline int round_to_int(float value) noexcept {
  constexpr float kMagic = 12582912.0f;  // 1.5 * 2^23: adding it leaves no bits for a fraction
  return static_cast<int>((value + kMagic) - kMagic);
}

// The nearest integer to `value` within low..high; of NaN, low. REQUIRES: |low|, |high| < 2^22.
inline int round_within(float value, float low, float high) noexcept {
  const float raised = value > low ? value : low;
  return round_to_int(raised < high ? raised : high);
}

}  // namespace tessera
