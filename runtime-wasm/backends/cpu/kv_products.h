// Products of unpacked rows of a KV cache with the queries and the weights of a few query heads, in
// integers (simd/kv_dot.h).
#pragma once

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

// sums[h][k] = query h . row k, `queries` being neighbours in memory.
template <typename Dot, int kHeads>
void multiply_rows(const KvCodes& rows, int columns, const std::byte* queries,
                   std::int32_t (*sums)[kKvBlockRows]) noexcept {
  constexpr std::size_t kNumberSize = Dot::kNumberSizeBytes;
  const std::size_t pass_size = static_cast<std::size_t>(columns) * kNumberSize;
  const std::size_t query_size = kv_numbers_size_bytes(columns);
  for (int first = 0; first < rows.count; first += 4) {
    const std::int8_t* const of[4] = {rows.row(first), rows.row(first + 1), rows.row(first + 2),
                                      rows.row(first + 3)};
    simd::I32 totals[kHeads][4];
    for (auto& head : totals) {
      for (simd::I32& total : head) total = simd::splat_i32(0);
    }
    for (int pass = 0; pass < Dot::kPasses; ++pass) {
      if (pass > 0) {
        for (auto& head : totals) {
          for (simd::I32& total : head) total = simd::shift_left<8>(total);
        }
      }
      const std::byte* numbers = queries + static_cast<std::size_t>(pass) * pass_size;
      for (int column = 0; column < columns; column += Dot::kColumns) {
        typename Dot::Numbers query[kHeads];
        for (std::size_t h = 0; h < kHeads; ++h) {
          query[h] = Dot::load_numbers(numbers + h * query_size +
                                       static_cast<std::size_t>(column) * kNumberSize);
        }
        for (int k = 0; k < 4; ++k) {
          const typename Dot::Codes codes = Dot::load_row(of[k] + column);
          for (int h = 0; h < kHeads; ++h) totals[h][k] = Dot::dot(totals[h][k], codes, query[h]);
        }
      }
    }
    for (int h = 0; h < kHeads; ++h) Dot::store_four_sums(totals[h], sums[h] + first);
  }
}

// out[k] = the sum of row k.
template <typename Dot>
void sum_rows(const KvCodes& rows, int columns, std::int32_t* out) noexcept {
  constexpr std::byte kOne[4] = {std::byte{1}, std::byte{1}, std::byte{1}, std::byte{1}};
  const typename Dot::Numbers ones = Dot::splat_numbers(kOne);
  for (int first = 0; first < rows.count; first += 4) {
    simd::I32 totals[4];
    for (int k = 0; k < 4; ++k) {
      const std::int8_t* row = rows.row(first + k);
      totals[k] = simd::splat_i32(0);
      for (int column = 0; column < columns; column += Dot::kColumns) {
        totals[k] = Dot::dot(totals[k], Dot::load_row(row + column), ones);
      }
    }
    Dot::store_four_sums(totals, out + first);
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
  constexpr int kVectors = kKvColumnsTogether / simd::kLanes;
  constexpr std::size_t kPassSize = kKvBlockRows * Dot::kNumberSizeBytes;
  const auto row_size = static_cast<std::size_t>(4 * columns);
  const int together = (count + Dot::kRowsTogether - 1) / Dot::kRowsTogether;
  for (int column = 0; column < columns; column += kKvColumnsTogether) {
    simd::I32 totals[kHeads][kVectors];
    for (auto& head : totals) {
      for (simd::I32& total : head) total = simd::splat_i32(0);
    }
    for (std::size_t pass = 0; pass < Dot::kPasses; ++pass) {
      if (pass > 0) {
        for (auto& head : totals) {
          for (simd::I32& total : head) total = simd::shift_left<8>(total);
        }
      }
      const std::byte* from = rows + 4 * column;
      for (std::size_t k = 0; k < static_cast<std::size_t>(together); ++k, from += row_size) {
        typename Dot::Codes codes[kVectors];
        for (int v = 0; v < kVectors; ++v) {
          codes[v] = Dot::load_columns(from + 4 * simd::kLanes * v);
        }
        for (int h = 0; h < kHeads; ++h) {
          const auto weights = Dot::splat_numbers(heads[h].numbers + pass * kPassSize + 4 * k);
          for (int v = 0; v < kVectors; ++v) {
            totals[h][v] = Dot::dot(totals[h][v], codes[v], weights);
          }
        }
      }
    }
    for (int h = 0; h < kHeads; ++h) {
      const simd::F32 step = simd::splat(heads[h].step);
      for (int v = 0; v < kVectors; ++v) {
        float* out = heads[h].out + column + v * simd::kLanes;
        simd::store(out, simd::multiply_add(step, simd::to_f32(totals[h][v]), simd::load(out)));
      }
    }
  }
}

}  // namespace tessera::cpu
