// SmallDot on vpdpbusd (AVX-VNNI) or vpmaddubsw (AVX2). See simd/low_bit_dot.h.
#pragma once

#include <cstddef>
#include <cstring>

#include "backends/cpu/simd/avx2_dot.h"

namespace tessera::simd {

inline I32 load_bytes(const std::uint8_t* from) noexcept {
  return {_mm256_cvtepu8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(from)))};
}

// Without VNNI the sums of a whole group stay in 16 bits: at most 16 * 7 * 127 = 14224.
struct SmallDot {
  static constexpr std::size_t kGroupSizeBytes = 32;
  using Weights = __m256i;
  using Sum = __m256i;

  static void encode(const std::int8_t* quants, std::byte* group) noexcept {
    std::memcpy(group, quants, 32);
  }
  static Weights from_bytes(I32 bytes) noexcept { return bytes.v; }
  static Sum begin() noexcept { return _mm256_setzero_si256(); }
  static Sum dot(Sum sum, Weights weights, const std::byte* group, int chunk) noexcept {
    const __m256i activations = splat_four(group + 4 * chunk);
#if defined(__AVXVNNI__)
    return _mm256_dpbusd_avx_epi32(sum, weights, activations);
#else
    return _mm256_add_epi16(sum, _mm256_maddubs_epi16(weights, activations));
#endif
  }
#if defined(__AVXVNNI__)
  static I32 end(Sum sum) noexcept { return {sum}; }
#else
  static I32 end(Sum sum) noexcept { return {sum_pairs(sum)}; }
#endif
};

}  // namespace tessera::simd
