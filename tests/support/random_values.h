// Random test values from fixed seeds: the same on every machine and standard library.
#pragma once

#include <cstdint>
#include <vector>

namespace tessera::testing {

class RandomValues {
 public:
  explicit RandomValues(std::uint64_t seed) : state_(seed * 0x9e3779b97f4a7c15u + 1) {}

  // Uniform in 0..2^32-1. (PCG-XSH-RR, O'Neill, 2014)
  std::uint32_t next() {
    const std::uint64_t old = state_;
    state_ = old * 6364136223846793005u + 1442695040888963407u;
    const auto folded = static_cast<std::uint32_t>(((old >> 18) ^ old) >> 27);
    const auto turn = static_cast<std::uint32_t>(old >> 59);
    return (folded >> turn) | (folded << ((32 - turn) & 31));
  }
  // Uniform in 0..bound-1. REQUIRES: bound > 0.
  std::int32_t below(std::int32_t bound) {
    return static_cast<std::int32_t>(next() % static_cast<std::uint32_t>(bound));
  }
  // Uniform in [-magnitude, magnitude).
  float uniform(float magnitude) {
    return magnitude * (static_cast<float>(next() >> 8) * 0x1p-23f - 1.0f);
  }
  std::vector<float> uniform(std::int64_t count, float magnitude) {
    std::vector<float> values(static_cast<std::size_t>(count));
    for (float& value : values) value = uniform(magnitude);
    return values;
  }

 private:
  std::uint64_t state_;
};

}  // namespace tessera::testing
