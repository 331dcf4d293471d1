// SmallDot in plain integer arithmetic. See simd/low_bit_dot.h.
#pragma once

#include <cstddef>
#include <cstring>

#include "backends/cpu/simd/scalar_dot.h"
#include "quantization/low_bits.h"

namespace tessera::simd {

inline I32 load_bytes(const std::uint8_t* from) noexcept {
  return make_lanes<I32>([&](int i) { return std::int32_t{from[i]}; });
}
template <int kByte>
I32 splat_bytes() noexcept {
  return splat_i32(kByte * 0x01010101);
}
inline I32 bit_or(const I32& a, const I32& b) noexcept {
  return make_lanes<I32>([&](int i) { return a.v[i] | b.v[i]; });
}
template <int kBits>
I32 shift_right_16(const I32& a) noexcept {
  constexpr std::uint32_t kKept = (0xffffu >> kBits) * 0x00010001u;
  return make_lanes<I32>([&](int i) {
    return static_cast<std::int32_t>(static_cast<std::uint32_t>(a.v[i]) >> kBits & kKept);
  });
}
template <int kBits>
I32 shift_left_16(const I32& a) noexcept {
  constexpr std::uint32_t kKept = (0xffffu << kBits & 0xffffu) * 0x00010001u;
  return make_lanes<I32>([&](int i) {
    return static_cast<std::int32_t>(static_cast<std::uint32_t>(a.v[i]) << kBits & kKept);
  });
}

template <int kSteps>
class LowBitLines {
 public:
  explicit LowBitLines(const std::uint8_t* lines) noexcept : lines_(lines) {}
  F32 scales(int slice) const noexcept {
    return make_lanes<F32>(
        [&](int i) { return low_bit_scale(lines_[slice * kLanes + i]) / kSteps; });
  }
  I32 zero_products(int slice, std::int32_t minus_sum) const noexcept {
    const std::int32_t factor = static_cast<std::int16_t>(minus_sum);
    return make_lanes<I32>([&](int i) { return factor * lines_[kPanelRows + slice * kLanes + i]; });
  }

 private:
  const std::uint8_t* lines_;
};

struct SmallDot {
  static constexpr std::size_t kGroupSizeBytes = 32;
  using Activations = const std::byte*;
  using Sum = I32;

  static void encode(const std::int8_t* quants, std::byte* group) noexcept {
    std::memcpy(group, quants, 32);
  }
  static Sum begin() noexcept { return splat_i32(0); }
  template <int kQuad>
  static Sum dot(Sum sum, const I32& weights, const std::byte* group) noexcept {
    for (int lane = 0; lane < kLanes; ++lane) {
      for (int j = 0; j < 4; ++j) {
        sum.v[lane] += (weights.v[lane] >> 8 * j & 15) * quant_at(group, 4 * kQuad + j);
      }
    }
    return sum;
  }
  template <int kUnit>
  static I32 end(const Sum& sum) noexcept {
    return make_lanes<I32>([&](int i) { return kUnit * sum.v[i]; });
  }
};

}  // namespace tessera::simd
