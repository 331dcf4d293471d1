// WideKvDot on vpmaddwd, or vpdpwssd (AVX-VNNI), which adds too. See simd/kv_dot.h.
#pragma once

#include <cstddef>
#include <cstdint>

#include "backends/cpu/simd/avx2.h"
#include "backends/cpu/simd/avx2_dot.h"

namespace tessera::simd {

using Bytes = __m128i;
inline Bytes load_bytes(const std::uint8_t* from) noexcept {
  return _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
}
inline void store_bytes(std::int8_t* to, Bytes bytes) noexcept {
  _mm_storeu_si128(reinterpret_cast<__m128i*>(to), bytes);
}
inline Bytes upper_digits(Bytes bytes) noexcept {
  return _mm_and_si128(_mm_srli_epi16(bytes, 4), _mm_set1_epi8(15));
}
inline Bytes lower_digits(Bytes bytes) noexcept {
  return _mm_and_si128(bytes, _mm_set1_epi8(15));
}
inline Bytes entries_of(Bytes table, Bytes digits) noexcept {
  return _mm_shuffle_epi8(table, digits);
}
inline Bytes add_bytes(Bytes a, Bytes b) noexcept {
  return _mm_add_epi8(a, b);
}

struct WideKvDot {
  static constexpr int kPasses = 1;
  static constexpr std::size_t kNumberSizeBytes = 2;
  static constexpr int kCodeOffset = 0;
  static constexpr float kQueryMax = 32767.0f;
  static constexpr float kWeightMax = 32767.0f;
  static constexpr int kColumns = 2 * kLanes;
  static constexpr int kRowsTogether = 2;
  using Codes = __m256i;
  using Numbers = __m256i;

  static Codes load_row(const std::int8_t* from) noexcept {
    return _mm256_cvtepi8_epi16(load_half(from));
  }
  static Codes load_columns(const std::byte* from) noexcept { return load_i32(from).v; }
  static Numbers load_numbers(const std::byte* from) noexcept { return load_i32(from).v; }
  static Numbers splat_numbers(const std::byte* from) noexcept { return splat_four(from); }
  static I32 dot(I32 sum, Codes codes, Numbers numbers) noexcept {
#if defined(__AVXVNNI__)
    return {_mm256_dpwssd_avx_epi32(sum.v, codes, numbers)};
#else
    return {_mm256_add_epi32(sum.v, _mm256_madd_epi16(codes, numbers))};
#endif
  }
  static I32 dot_row(I32 sum, Codes codes, Numbers numbers) noexcept {
    return dot(sum, codes, numbers);
  }
  static void store_two_sums(I32 a, I32 b, std::int32_t* to) noexcept {
    const __m256i pairs = _mm256_hadd_epi32(a.v, b.v);
    const __m128i quads =
        _mm_add_epi32(_mm256_castsi256_si128(pairs), _mm256_extracti128_si256(pairs, 1));
    _mm_storel_epi64(reinterpret_cast<__m128i*>(to), _mm_hadd_epi32(quads, quads));
  }
  static void encode_query(const float* x, std::byte* out, std::size_t) noexcept {
    store_numbers(_mm256_cvtps_epi32(load(x).v), _mm256_cvtps_epi32(load(x + 8).v), out);
  }
  static void encode_weights(const float* x, float factor, float offset, std::byte* out,
                             std::size_t) noexcept {
    const F32 factors = splat(factor), offsets = splat(offset);
    const F32 first = multiply_add(load(x), factors, offsets);
    const F32 last = multiply_add(load(x + 8), factors, offsets);
    store_numbers(_mm256_cvttps_epi32(first.v), _mm256_cvttps_epi32(last.v), out);
  }
  static void interleave(const std::int8_t* const (&rows)[2], std::byte* out) noexcept {
    const __m128i first = load_half(rows[0]);
    const __m128i second = load_half(rows[1]);
    auto* to = reinterpret_cast<__m256i*>(out);
    _mm256_storeu_si256(to, _mm256_cvtepi8_epi16(_mm_unpacklo_epi8(first, second)));
    _mm256_storeu_si256(to + 1, _mm256_cvtepi8_epi16(_mm_unpackhi_epi8(first, second)));
  }

 private:
  static __m128i load_half(const std::int8_t* from) noexcept {
    return _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
  }
  static void store_numbers(__m256i first, __m256i last, std::byte* out) noexcept {
    const __m256i halves = _mm256_packs_epi32(first, last);  // in the order 0, 2, 1, 3 of quarters
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(out),
                        _mm256_permute4x64_epi64(halves, 0b11'01'10'00));
  }
};

}  // namespace tessera::simd
