// out[t, r] = sum_i x[t, i] * weight[r, i] with row-major f32 or f16 weights: vectors run along the
// columns, kRows rows times kTokens tokens at a time.
#include "backends/cpu/matmul.h"
#include "backends/cpu/simd/simd.h"
#include "backends/cpu/widen.h"
#include "base/half.h"

namespace tessera::cpu {
namespace {

constexpr int kTileTokens = 4;

simd::F32 load_weights(const float* from) noexcept {
  return simd::load(from);
}
simd::F32 load_weights(const std::uint16_t* from) noexcept {
  return simd::load_halves(from);
}
float to_float(float weight) noexcept {
  return weight;
}
float to_float(std::uint16_t weight) noexcept {
  return half_to_float(weight);
}

// Dot products of kRows rows with kTokens tokens, written to the output. `weight` is the first row.
template <typename Element, int kRows, int kTokens>
void multiply_tile(const MatMulArguments& arguments, const Element* weight, std::int64_t row,
                   std::int64_t token) noexcept {
  const std::int64_t columns = arguments.columns;
  const float* x = arguments.x + token * columns;
  simd::F32 sums[kRows][kTokens];
  for (auto& row_sums : sums) std::fill_n(row_sums, kTokens, simd::splat(0.0f));
  std::int64_t i = 0;
  for (; i + simd::kLanes <= columns; i += simd::kLanes) {
    simd::F32 activations[kTokens];
    for (int t = 0; t < kTokens; ++t) activations[t] = simd::load(x + t * columns + i);
    for (int r = 0; r < kRows; ++r) {
      const simd::F32 weights = load_weights(weight + r * columns + i);
      for (int t = 0; t < kTokens; ++t) {
        sums[r][t] = simd::multiply_add(weights, activations[t], sums[r][t]);
      }
    }
  }
  for (int r = 0; r < kRows; ++r) {
    for (int t = 0; t < kTokens; ++t) {
      float sum = simd::sum_of_lanes(sums[r][t]);
      for (std::int64_t tail = i; tail < columns; ++tail) {
        sum += to_float(weight[r * columns + tail]) * x[t * columns + tail];
      }
      if (arguments.bias != nullptr) sum += arguments.bias[row + r];
      arguments.out[(token + t) * arguments.rows + row + r] = sum;
    }
  }
}

template <typename Element, int kRows>
void multiply_tokens(const MatMulArguments& arguments, const Element* weight,
                     std::int64_t row) noexcept {
  std::int64_t token = 0;
  for (; token + kTileTokens <= arguments.tokens; token += kTileTokens) {
    multiply_tile<Element, kRows, kTileTokens>(arguments, weight, row, token);
  }
  for (; token < arguments.tokens; ++token) {
    multiply_tile<Element, kRows, 1>(arguments, weight, row, token);
  }
}

template <int kRows>
void multiply_rows(const MatMulArguments& arguments, const float* weight, std::int64_t row,
                   float*) noexcept {
  multiply_tokens<float, kRows>(arguments, weight, row);
}

// f16 rows are widened once for many tokens, and as they are loaded for few.
template <int kRows>
void multiply_rows(const MatMulArguments& arguments, const std::uint16_t* weight, std::int64_t row,
                   float* wide) noexcept {
  if (arguments.tokens < 2 * kTileTokens) {
    multiply_tokens<std::uint16_t, kRows>(arguments, weight, row);
  } else {
    widen(weight, kRows * arguments.columns, wide);
    multiply_tokens<float, kRows>(arguments, wide, row);
  }
}

template <typename Element>
Result<void> run_typed(const MatMulArguments& arguments, Execution& execution) {
  constexpr std::int64_t kRowsMax = 4;
  const std::int64_t wide_elements = kRowsMax * arguments.columns;
  TESSERA_TRY(
      std::byte * scratch,
      execution.scratch.reserve(
          static_cast<std::size_t>(execution.threads.threads() * wide_elements) * sizeof(float)));
  const auto* weight = reinterpret_cast<const Element*>(arguments.weight);
  const Parts parts(arguments.rows, execution.threads.threads());
  execution.threads.for_each_part(parts.count(), [&](std::int64_t part, int thread) {
    float* wide = reinterpret_cast<float*>(scratch) + thread * wide_elements;
    const PartRange range = parts[part];
    std::int64_t row = range.begin;
    // One token has room in registers for more rows.
    if (arguments.tokens < kTileTokens) {
      for (; row + kRowsMax <= range.end; row += kRowsMax) {
        multiply_rows<kRowsMax>(arguments, weight + row * arguments.columns, row, wide);
      }
    }
    for (; row + 2 <= range.end; row += 2) {
      multiply_rows<2>(arguments, weight + row * arguments.columns, row, wide);
    }
    for (; row < range.end; ++row) {
      multiply_rows<1>(arguments, weight + row * arguments.columns, row, wide);
    }
  });
  return {};
}

}  // namespace

Result<void> matmul_dense(const MatMulArguments& arguments, Execution& execution) {
  if (arguments.type == DataType::kF32) return run_typed<float>(arguments, execution);
  return run_typed<std::uint16_t>(arguments, execution);
}

}  // namespace tessera::cpu
