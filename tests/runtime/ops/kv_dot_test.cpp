// Every integer dot product of packed KV caches that the build has, also those that this processor
// would not choose.
#include "backends/cpu/simd/kv_dot.h"

#include <array>
#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <vector>

#include "backends/cpu/kv_products.h"
#include "support/random_values.h"

namespace tessera {
namespace {

using testing::RandomValues;

// Calls check(Dot()) for each.
template <typename Check>
void for_each_dot(Check check) {
  check(simd::WideKvDot());
#if defined(__wasm_relaxed_simd__)
  if (simd::DigitKvDot::is_exact()) check(simd::DigitKvDot());
#endif
}

// Rows of signed bytes, extremes among them, with room behind each.
struct Rows {
  int count, columns;
  std::vector<std::int8_t> bytes;

  Rows(int of_count, int of_columns, RandomValues& random)
      : count(of_count), columns(of_columns), bytes(static_cast<std::size_t>(count * stride())) {
    for (std::int8_t& byte : bytes) {
      const std::int32_t drawn = random.below(300);
      byte = static_cast<std::int8_t>(drawn < 20 ? -128 : (drawn < 40 ? 127 : drawn % 256 - 128));
    }
  }
  int stride() const { return columns + 3; }
  cpu::KvCodes codes() const { return {bytes.data(), stride(), count}; }
  double at(int row, int column) const {
    return bytes[static_cast<std::size_t>(row * stride() + column)];
  }
};

constexpr int kCounts[] = {1, 2, 3, 5, 31, 63, 64};

template <typename Dot, int kHeads>
void check_scores(const Rows& rows, RandomValues& random) {
  const auto columns = static_cast<std::size_t>(rows.columns);
  const std::size_t query_size = cpu::kv_numbers_size_bytes(rows.columns);
  std::vector<std::byte> encoded(kHeads * query_size);
  std::vector<double> numbers;
  for (std::size_t h = 0; h < kHeads; ++h) {
    auto query = random.uniform(rows.columns, Dot::kQueryMax);
    for (float& x : query) x = std::nearbyint(x);
    query[0] = -Dot::kQueryMax;
    query[1] = Dot::kQueryMax;
    numbers.insert(numbers.end(), query.begin(), query.end());
    for (std::size_t i = 0; i < columns; i += 16) {
      Dot::encode_query(query.data() + i,
                        encoded.data() + h * query_size + i * Dot::kNumberSizeBytes,
                        columns * Dot::kNumberSizeBytes);
    }
  }
  std::int32_t sums[kHeads][cpu::kKvBlockRows];
  cpu::multiply_rows<Dot, kHeads>(rows.codes(), rows.columns, encoded.data(), sums);
  for (int row = 0; row < rows.count; ++row) {
    for (int h = 0; h < kHeads; ++h) {
      double expected = 0.0, query_sum = 0.0;
      for (int i = 0; i < rows.columns; ++i) {
        const double number = numbers[static_cast<std::size_t>(h * rows.columns + i)];
        expected += rows.at(row, i) * number;
        query_sum += number;
      }
      // What the offset adds is taken off modulo 2^32, as attention does it.
      const auto excess = static_cast<std::uint32_t>(static_cast<std::int64_t>(query_sum) *
                                                     std::int64_t{Dot::kCodeOffset});
      const auto sum = static_cast<std::int32_t>(static_cast<std::uint32_t>(sums[h][row]) - excess);
      REQUIRE(sum == expected);
    }
  }
}

template <typename Dot, int kHeads>
void check_values(const Rows& rows, RandomValues& random) {
  std::vector<std::byte> interleaved(cpu::kv_columns_size_bytes<Dot>(rows.columns));
  cpu::interleave_rows<Dot>(rows.codes(), rows.columns, interleaved.data());
  cpu::KvWeights weights[kHeads];
  std::vector<double> numbers;
  std::vector<float> out(static_cast<std::size_t>(kHeads * rows.columns), 1.0f);
  for (int h = 0; h < kHeads; ++h) {
    float x[cpu::kKvBlockRows] = {};
    for (int k = 0; k < rows.count; ++k) {
      x[k] = std::floor((random.uniform(1, 0.5f)[0] + 0.5f) * Dot::kWeightMax);
    }
    x[0] = Dot::kWeightMax;
    numbers.insert(numbers.end(), x, x + cpu::kKvBlockRows);
    for (std::size_t k = 0; k < cpu::kKvBlockRows; k += 16) {
      Dot::encode_weights(x + k, 1.0f, 0.0f, weights[h].numbers + k * Dot::kNumberSizeBytes,
                          cpu::kKvBlockRows * Dot::kNumberSizeBytes);
    }
    weights[h].step = 0x1p-16f;
    weights[h].out = out.data() + h * rows.columns;
  }
  cpu::add_rows<Dot, kHeads>(interleaved.data(), rows.count, rows.columns, weights);
  for (int h = 0; h < kHeads; ++h) {
    for (int i = 0; i < rows.columns; ++i) {
      double expected = 0.0;
      for (int k = 0; k < rows.count; ++k) {
        expected += numbers[static_cast<std::size_t>(h * cpu::kKvBlockRows + k)] * rows.at(k, i);
      }
      expected = 1.0 + expected * 0x1p-16;
      const double value = out[static_cast<std::size_t>(h * rows.columns + i)];
      REQUIRE(std::fabs(value - expected) <= 3e-7 * (1.0 + std::fabs(expected)));
    }
  }
}

}  // namespace

TEST_CASE("products of packed rows with queries are exact for any count of rows and heads") {
  RandomValues random(91);
  for_each_dot([&]<typename Dot>(Dot) {
    for (const int count : kCounts) {
      for (const int columns : {16, 48, 64, 256}) {
        const Rows rows(count, columns, random);
        check_scores<Dot, 1>(rows, random);
        check_scores<Dot, 2>(rows, random);
        check_scores<Dot, 3>(rows, random);
      }
    }
  });
}

TEST_CASE("sums of packed rows by weights are exact for any count of rows and heads") {
  RandomValues random(92);
  for_each_dot([&]<typename Dot>(Dot) {
    for (const int count : kCounts) {
      for (const int columns : {16, 48, 64, 256}) {
        const Rows rows(count, columns, random);
        check_values<Dot, 1>(rows, random);
        check_values<Dot, 2>(rows, random);
        check_values<Dot, 3>(rows, random);
      }
    }
  });
}

}  // namespace tessera
