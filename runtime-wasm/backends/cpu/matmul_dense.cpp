// out[t, r] = sum_i x[t, i] * weight[r, i] with row-major f32 or f16 weights: vectors run along the
// columns, kRows rows times kTokens tokens at a time.
#include "backends/cpu/matmul.h"
#include "backends/cpu/simd/simd.h"
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

// Dot products of kRows rows with kTokens tokens, written to the output.
template <typename Element, int kRows, int kTokens>
void multiply_tile(const MatMulArguments& arguments, std::int64_t row,
                   std::int64_t token) noexcept {
  const std::int64_t columns = arguments.columns;
  const auto* weight = reinterpret_cast<const Element*>(arguments.weight) + row * columns;
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
void multiply_rows(const MatMulArguments& arguments, std::int64_t row) noexcept {
  std::int64_t token = 0;
  for (; token + kTileTokens <= arguments.tokens; token += kTileTokens) {
    multiply_tile<Element, kRows, kTileTokens>(arguments, row, token);
  }
  for (; token < arguments.tokens; ++token) multiply_tile<Element, kRows, 1>(arguments, row, token);
}

template <typename Element>
Result<void> run_typed(const MatMulArguments& arguments, Execution& execution) {
  const Parts parts(arguments.rows, execution.threads.threads());
  execution.threads.for_each_part(parts.count(), [&](std::int64_t part, int) {
    const PartRange range = parts[part];
    std::int64_t row = range.begin;
    if (arguments.tokens < kTileTokens) {
      for (; row + 4 <= range.end; row += 4) multiply_rows<Element, 4>(arguments, row);
    }
    for (; row + 2 <= range.end; row += 2) multiply_rows<Element, 2>(arguments, row);
    for (; row < range.end; ++row) multiply_rows<Element, 1>(arguments, row);
  });
  return {};
}

}  // namespace

Result<void> matmul_dense(const MatMulArguments& arguments, Execution& execution) {
  if (arguments.type == DataType::kF32) return run_typed<float>(arguments, execution);
  return run_typed<std::uint16_t>(arguments, execution);
}

}  // namespace tessera::cpu
