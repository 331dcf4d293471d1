// TableDot on vpshufb, and vpmaddubsw to add what a pair of bits says. See simd/table_dot.h.
#pragma once

#include <bit>
#include <cstddef>
#include <cstring>

#include "backends/cpu/simd/avx2.h"
#include "backends/cpu/simd/fill_table.h"
#include "quantization/low_bits.h"

namespace tessera::simd {

inline I32 load_words(const std::uint8_t* from) noexcept {
  return {_mm256_cvtepu16_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from)))};
}

// A vector takes all rows: there is one slice.
template <int kBits>
class LowBitLines {
 public:
  static constexpr int kSteps = static_cast<int>(zero_steps(kBits));

  explicit LowBitLines(const std::uint8_t* lines) noexcept
      : scales_(load_bytes(lines)), zeros_(load_zeros(lines + kPanelRows)) {}
  F32 scales(int) const noexcept {
    return bits_to_f32(add(shift_left<19>(scales_), splat_i32(kExponent << 23)));
  }
  // Pairs of a sum and a zero point are multiplied and added in one instruction.
  I32 integers(int, __m256i sums, std::int32_t factors) const noexcept {
    const __m256i zeros = subtract(zeros_, splat_i32(zero_middle(kBits))).v;
    const __m256i pairs = _mm256_blend_epi16(sums, _mm256_slli_epi32(zeros, 16), 0xaa);
    return {_mm256_madd_epi16(pairs, _mm256_set1_epi32(factors))};
  }

 private:
  static constexpr std::int32_t kExponent =
      kLowBitScaleExponentMin - std::countr_zero(static_cast<unsigned>(kSteps));

  static I32 load_bytes(const std::uint8_t* from) noexcept {
    return {_mm256_cvtepu8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(from)))};
  }

  static I32 load_zeros(const std::uint8_t* from) noexcept {
    if constexpr (kBits == 3) {
      return load_bytes(from);
    } else {
      std::int32_t nibbles;
      std::memcpy(&nibbles, from, sizeof(nibbles));
      const __m256i shifts = _mm256_setr_epi32(0, 8, 16, 24, 4, 12, 20, 28);
      const I32 shifted = {_mm256_srlv_epi32(_mm256_set1_epi32(nibbles), shifts)};
      return bit_and(shifted, splat_i32(15));
    }
  }

  I32 scales_;
  I32 zeros_;
};

// Two quads of columns at a time, one in each half. The sums of a whole group stay in 16 bits: at
// most 8 * 7 * 127.
struct TableDot {
  static constexpr int kLowChunks = 2;
  static constexpr int kHighChunks = 1;
  static constexpr std::size_t kChunkSizeBytes = 32;
  struct Indices {
    __m256i first, last;
  };
  using Sum = __m256i;
  using Sums = __m256i;

  static Indices load(const std::uint8_t* chunk) noexcept {
    return unpack(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(chunk)));
  }
  // Those of half 0, in the order of rows, then those of half 1.
  static Indices load_high(const std::uint8_t* chunk) noexcept {
    const __m256i by_half = _mm256_broadcastsi128_si256(
        _mm_setr_epi8(0, 2, 4, 6, 8, 10, 12, 14, 1, 3, 5, 7, 9, 11, 13, 15));
    const __m256i bytes = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(chunk));
    return unpack(_mm256_shuffle_epi8(bytes, by_half));
  }
  static Sum begin() noexcept { return _mm256_setzero_si256(); }
  template <int kChunk>
  static Sum dot_low(Sum sum, const Indices& indices, const std::byte* tables) noexcept {
    const __m256i units = _mm256_set1_epi16(0x0201);
    sum = add_pairs(sum, found(tables, 2 * kChunk, indices.first), units);
    return add_pairs(sum, found(tables, 2 * kChunk + 4, indices.last), units);
  }
  // A half of what is found for an index is of another quad; the others are paired row by row.
  template <int kChunk>
  static Sum dot_high(Sum sum, const Indices& indices, const std::byte* tables) noexcept {
    const __m256i units = _mm256_set1_epi8(4);
    const __m256i half_0 =
        _mm256_unpacklo_epi8(found(tables, 0, indices.first), found(tables, 4, indices.last));
    const __m256i half_1 =
        _mm256_unpackhi_epi8(found(tables, 2, indices.first), found(tables, 6, indices.last));
    return add_pairs(add_pairs(sum, half_0, units), half_1, units);
  }
  // Each row's sum in 32 bits.
  static Sums end(Sum sum) noexcept {
    return _mm256_cvtepi16_epi32(
        _mm_add_epi16(_mm256_castsi256_si128(sum), _mm256_extracti128_si256(sum, 1)));
  }

 private:
  static Indices unpack(__m256i bytes) noexcept {
    const __m256i mask = _mm256_set1_epi8(15);
    return {_mm256_and_si256(bytes, mask), _mm256_and_si256(_mm256_srli_epi16(bytes, 4), mask)};
  }
  // From the tables of a quad and of the next, one in each half.
  static __m256i found(const std::byte* tables, int quad, __m256i indices) noexcept {
    const auto* both = reinterpret_cast<const __m256i*>(tables + 16 * quad);
    return _mm256_shuffle_epi8(_mm256_loadu_si256(both), indices);
  }
  static Sum add_pairs(Sum sum, __m256i bytes, __m256i units) noexcept {
    return _mm256_add_epi16(sum, _mm256_maddubs_epi16(units, bytes));
  }
};

}  // namespace tessera::simd
