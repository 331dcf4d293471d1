// NibbleDot and ByteDot on vpdpbusd (AVX-VNNI) or vpmaddubsw (AVX2). See simd/integer_dots.h.
#pragma once

#include <cstddef>
#include <cstring>

#include "backends/cpu/simd/avx2.h"

namespace tessera::simd {

// Four neighbouring bytes, for every row.
inline __m256i splat_four(const std::byte* from) noexcept {
  std::int32_t four;
  std::memcpy(&four, from, sizeof(four));
  return _mm256_set1_epi32(four);
}

inline __m256i sum_pairs(__m256i sums) noexcept {
  return _mm256_madd_epi16(sums, _mm256_set1_epi16(1));
}

// The activations of one group, four neighbouring bytes at a time.
class GroupActivations {
 public:
  explicit GroupActivations(const std::byte* group) noexcept : group_(group) {}
  template <int kIndex>
  __m256i four() const noexcept {
    return splat_four(group_ + 4 * kIndex);
  }

 private:
  const std::byte* group_;
};

// Without VNNI the sums of a whole group stay in 16 bits: at most 16 * 15 * 127 = 30480.
struct NibbleDot {
  static constexpr std::size_t kGroupSizeBytes = 32;
  using Activations = GroupActivations;
  struct Weights {
    __m256i low;
    __m256i high;
  };
  using Sum = __m256i;

  static void encode(const std::int8_t* quants, std::byte* group) noexcept {
    std::memcpy(group, quants, 32);
  }
  static Weights load(const std::uint8_t* chunk) noexcept {
    const __m256i bytes = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(chunk));
    const __m256i mask = _mm256_set1_epi8(15);
    return {_mm256_and_si256(bytes, mask), _mm256_and_si256(_mm256_srli_epi16(bytes, 4), mask)};
  }
  static Sum begin() noexcept { return _mm256_setzero_si256(); }
  template <int kChunk>
  static Sum dot(Sum sum, const Weights& weights, const GroupActivations& x) noexcept {
    const __m256i low = x.four<kChunk>();
    const __m256i high = x.four<4 + kChunk>();
#if defined(__AVXVNNI__)
    return _mm256_dpbusd_avx_epi32(_mm256_dpbusd_avx_epi32(sum, weights.low, low), weights.high,
                                   high);
#else
    sum = _mm256_add_epi16(sum, _mm256_maddubs_epi16(weights.low, low));
    return _mm256_add_epi16(sum, _mm256_maddubs_epi16(weights.high, high));
#endif
  }
  static I32 end(Sum sum) noexcept {
#if defined(__AVXVNNI__)
    return {sum};
#else
    return {sum_pairs(sum)};
#endif
  }
};

// The instructions multiply unsigned by signed bytes, so the activations are split into their
// positive and their negative part, which is exact for the weight -128 too. At every column one
// part is zero: the difference of two products' sums stays within 2 * 128 * 127.
struct ByteDot {
  static constexpr std::size_t kGroupSizeBytes = 64;
  using Activations = GroupActivations;
  using Weights = __m256i;
#if defined(__AVXVNNI__)
  struct Sum {
    __m256i positive;
    __m256i negative;
  };
#else
  using Sum = __m256i;
#endif

  static void encode(const std::int8_t* quants, std::byte* group) noexcept {
    for (int i = 0; i < 32; ++i) {
      group[i] = static_cast<std::byte>(quants[i] > 0 ? quants[i] : 0);
      group[32 + i] = static_cast<std::byte>(quants[i] < 0 ? -quants[i] : 0);
    }
  }
  static Weights load(const std::int8_t* chunk) noexcept {
    return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(chunk));
  }
#if defined(__AVXVNNI__)
  static Sum begin() noexcept { return {_mm256_setzero_si256(), _mm256_setzero_si256()}; }
  template <int kChunk>
  static Sum dot(const Sum& sum, Weights weights, const GroupActivations& x) noexcept {
    return {_mm256_dpbusd_avx_epi32(sum.positive, x.four<kChunk>(), weights),
            _mm256_dpbusd_avx_epi32(sum.negative, x.four<8 + kChunk>(), weights)};
  }
  static I32 end(const Sum& sum) noexcept { return {_mm256_sub_epi32(sum.positive, sum.negative)}; }
#else
  static Sum begin() noexcept { return _mm256_setzero_si256(); }
  template <int kChunk>
  static Sum dot(Sum sum, Weights weights, const GroupActivations& x) noexcept {
    const __m256i positive = _mm256_maddubs_epi16(x.four<kChunk>(), weights);
    const __m256i negative = _mm256_maddubs_epi16(x.four<8 + kChunk>(), weights);
    return _mm256_add_epi32(sum, sum_pairs(_mm256_sub_epi16(positive, negative)));
  }
  static I32 end(Sum sum) noexcept { return {sum}; }
#endif
};

}  // namespace tessera::simd
