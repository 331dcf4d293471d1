// Products of unpacked rows of a KV cache with the queries and the weights of a few query heads, in
// integers (simd/kv_dot.h).
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "backends/cpu/kv_rows.h"
#include "backends/cpu/simd/kv_dot.h"

namespace tessera::cpu {

inline constexpr int kKvBlockRows = 64;  // that are unpacked at a time
inline constexpr int kKvHeadsMax = 3;    // query heads that share a pass over a block

// Both passes' numbers of one query, or of the weights of a block.
constexpr std::size_t kv_numbers_size_bytes(int count) noexcept {
  return 2 * static_cast<std::size_t>(count);
}

// The sums of each pass, put together.
template <typename Dot>
simd::I32 whole_sum(const simd::I32 (&passes)[Dot::kPasses]) noexcept {
  if constexpr (Dot::kPasses == 1) return passes[0];
  return simd::add(simd::shift_left<8>(passes[0]), passes[Dot::kPasses - 1]);
}

// sums[h][k] = query h . (row k + Dot::kCodeOffset), `queries` being neighbours in memory. Two rows
// at a time leave enough registers for all their sums, of both passes.
template <typename Dot, int kHeads>
void multiply_rows(const KvCodes& rows, int columns, const std::byte* queries,
                   std::int32_t (*sums)[kKvBlockRows]) noexcept {
  constexpr std::size_t kNumberSize = Dot::kNumberSizeBytes;
  const std::size_t pass_size = static_cast<std::size_t>(columns) * kNumberSize;
  const std::size_t query_size = kv_numbers_size_bytes(columns);
  for (int first = 0; first < rows.count; first += 2) {
    const std::int8_t* first_row = rows.row(first);
    const std::int8_t* second_row = rows.row(first + 1);
    const std::byte* numbers = queries;
    simd::I32 totals[kHeads][2][Dot::kPasses];
    for (auto& head : totals) {
      for (auto& row : head) std::fill_n(row, Dot::kPasses, simd::splat_i32(0));
    }
    for (int column = 0; column < columns; column += Dot::kColumns) {
      const typename Dot::Codes first_codes = Dot::load_row(first_row + column);
      const typename Dot::Codes second_codes = Dot::load_row(second_row + column);
      for (std::size_t h = 0; h < kHeads; ++h) {
        for (std::size_t pass = 0; pass < Dot::kPasses; ++pass) {
          const auto query = Dot::load_numbers(numbers + h * query_size + pass * pass_size);
          totals[h][0][pass] = Dot::dot_row(totals[h][0][pass], first_codes, query);
          totals[h][1][pass] = Dot::dot_row(totals[h][1][pass], second_codes, query);
        }
      }
      numbers += Dot::kColumns * kNumberSize;
    }
    for (int h = 0; h < kHeads; ++h) {
      Dot::store_two_sums(whole_sum<Dot>(totals[h][0]), whole_sum<Dot>(totals[h][1]),
                          sums[h] + first);
    }
  }
}

// Room for the columns of a block.
template <typename Dot>
constexpr std::size_t kv_columns_size_bytes(int columns) noexcept {
  return static_cast<std::size_t>(4 * columns * kKvBlockRows / Dot::kRowsTogether);
}

// Puts Dot::kRowsTogether rows at a time together, column by column.
template <typename Dot>
void interleave_rows(const KvCodes& rows, int columns, std::byte* out) noexcept {
  for (int first = 0; first < rows.count; first += Dot::kRowsTogether) {
    const std::int8_t* of[Dot::kRowsTogether];
    for (int k = 0; k < Dot::kRowsTogether; ++k) of[k] = rows.row(first + k);
    for (int column = 0; column < columns; column += kKvColumnsTogether) {
      Dot::interleave(of, out);
      for (const std::int8_t*& row : of) row += kKvColumnsTogether;
      out += 4 * kKvColumnsTogether;
    }
  }
}

// The weights of one query head and block, as multiples of a step.
struct KvWeights {
  std::byte numbers[kv_numbers_size_bytes(kKvBlockRows)];
  float step = 0.0f;
  float* out = nullptr;  // [columns], to which the sum of values is added
};

// heads[h].out += heads[h].step * sum_k numbers[k] * row k, the rows as interleave_rows left them.
template <typename Dot, int kHeads>
void add_rows(const std::byte* rows, int count, int columns, const KvWeights* heads) noexcept {
  constexpr int kVectors = 2;
  constexpr std::size_t kPassSize = kKvBlockRows * Dot::kNumberSizeBytes;
  const auto row_size = static_cast<std::size_t>(4 * columns);
  const auto together =
      static_cast<std::size_t>((count + Dot::kRowsTogether - 1) / Dot::kRowsTogether);
  for (int column = 0; column < columns; column += kVectors * simd::kLanes) {
    simd::I32 totals[kHeads][kVectors][Dot::kPasses];
    for (auto& head : totals) {
      for (auto& vector : head) std::fill_n(vector, Dot::kPasses, simd::splat_i32(0));
    }
    const std::byte* from = rows + 4 * column;
    for (std::size_t k = 0; k < together; ++k, from += row_size) {
      const typename Dot::Codes first = Dot::load_columns(from);
      const typename Dot::Codes second = Dot::load_columns(from + 4 * simd::kLanes);
      for (int h = 0; h < kHeads; ++h) {
        for (std::size_t pass = 0; pass < Dot::kPasses; ++pass) {
          const auto weights = Dot::splat_numbers(heads[h].numbers + pass * kPassSize + 4 * k);
          totals[h][0][pass] = Dot::dot(totals[h][0][pass], first, weights);
          totals[h][1][pass] = Dot::dot(totals[h][1][pass], second, weights);
        }
      }
    }
    for (int h = 0; h < kHeads; ++h) {
      const simd::F32 step = simd::splat(heads[h].step);
      for (int v = 0; v < kVectors; ++v) {
        float* out = heads[h].out + column + v * simd::kLanes;
        const simd::F32 sum = simd::to_f32(whole_sum<Dot>(totals[h][v]));
        simd::store(out, simd::multiply_add(step, sum, simd::load(out)));
      }
    }
  }
}

}  // namespace tessera::cpu
