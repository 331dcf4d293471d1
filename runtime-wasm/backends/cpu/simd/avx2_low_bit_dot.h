// SmallDot on vpdpbusd (AVX-VNNI) or vpmaddubsw (AVX2). See simd/low_bit_dot.h.
#pragma once

#include <bit>
#include <cstddef>
#include <cstring>

#include "backends/cpu/simd/avx2_dot.h"
#include "quantization/low_bits.h"

namespace tessera::simd {

inline I32 load_bytes(const std::uint8_t* from) noexcept {
  return {_mm256_cvtepu8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(from)))};
}
template <int kByte>
I32 splat_bytes() noexcept {
  return {_mm256_set1_epi8(kByte)};
}
inline I32 bit_or(I32 a, I32 b) noexcept {
  return {_mm256_or_si256(a.v, b.v)};
}
template <int kBits>
I32 shift_right_16(I32 a) noexcept {
  return {_mm256_srli_epi16(a.v, kBits)};
}
template <int kBits>
I32 shift_left_16(I32 a) noexcept {
  return {_mm256_slli_epi16(a.v, kBits)};
}

// A vector takes all rows: there is one slice.
template <int kSteps>
class LowBitLines {
 public:
  explicit LowBitLines(const std::uint8_t* lines) noexcept
      : scales_(load_bytes(lines)), zeros_(load_bytes(lines + kPanelRows)) {}
  F32 scales(int) const noexcept {
    return bits_to_f32(add(shift_left<19>(scales_), splat_i32(kExponent << 23)));
  }
  I32 zero_products(int, std::int32_t minus_sum) const noexcept {
    return {_mm256_madd_epi16(zeros_.v, _mm256_set1_epi32(minus_sum))};
  }

 private:
  static constexpr std::int32_t kExponent =
      kLowBitScaleExponentMin - std::countr_zero(static_cast<unsigned>(kSteps));

  I32 scales_;
  I32 zeros_;
};

// Without VNNI the sums of a whole group stay in 16 bits: at most 16 * 12 * 127 = 24384.
struct SmallDot {
  static constexpr std::size_t kGroupSizeBytes = 32;
  using Activations = GroupActivations;
  using Sum = __m256i;

  static void encode(const std::int8_t* quants, std::byte* group) noexcept {
    std::memcpy(group, quants, 32);
  }
  static Sum begin() noexcept { return _mm256_setzero_si256(); }
  template <int kQuad>
  static Sum dot(Sum sum, I32 weights, const GroupActivations& x) noexcept {
#if defined(__AVXVNNI__)
    return _mm256_dpbusd_avx_epi32(sum, weights.v, x.four<kQuad>());
#else
    return _mm256_add_epi16(sum, _mm256_maddubs_epi16(weights.v, x.four<kQuad>()));
#endif
  }
  template <int kUnit>
  static I32 end(Sum sum) noexcept {
#if defined(__AVXVNNI__)
    return shift_left<std::countr_zero(static_cast<unsigned>(kUnit))>(I32{sum});
#else
    return {_mm256_madd_epi16(sum, _mm256_set1_epi16(kUnit))};
#endif
  }
};

}  // namespace tessera::simd
