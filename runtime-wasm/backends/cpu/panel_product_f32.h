// out[t, r] = sum_i x[t, i] * weight[r, i] with quantized weights in panels and float32 arithmetic
// throughout. A group of a panel is turned into floats once, column by column, and used for a block
// of tokens.
#pragma once

#include <algorithm>
#include <array>

#include "backends/cpu/matmul.h"
#include "backends/cpu/simd/simd.h"

namespace tessera::cpu {

inline constexpr int kTileTokens = 4;
inline constexpr std::int64_t kBlockTokens = 64;
inline constexpr int kUnpackedSlices = static_cast<int>(kPanelRows) / simd::kLanes;

// The weights of kLanes rows, column by column.
using GroupWeights = std::array<simd::F32, kGroupColumns>;
using BlockSums = float[kBlockTokens][kPanelRows];

// Adds one group's products for kTokens tokens. `x` points at the group's first column.
template <int kTokens>
void add_group(const GroupWeights& weights, const float* x, std::int64_t stride,
               std::int64_t column_count, int slice, float (*sums)[kPanelRows]) noexcept {
  simd::F32 products[kTokens];
  std::fill_n(products, kTokens, simd::splat(0.0f));
  for (std::int64_t i = 0; i < column_count; ++i) {
    const simd::F32 weight = weights[static_cast<std::size_t>(i)];
    for (int t = 0; t < kTokens; ++t) {
      products[t] = simd::multiply_add(weight, simd::splat(x[t * stride + i]), products[t]);
    }
  }
  for (int t = 0; t < kTokens; ++t) {
    float* sum = sums[t] + slice * simd::kLanes;
    simd::store(sum, simd::add(simd::load(sum), products[t]));
  }
}

template <typename Block, typename Unpack>
void multiply_panel(const MatMulArguments& arguments, const Block* blocks, const Unpack& unpack,
                    std::int64_t token_begin, std::int64_t token_count, BlockSums& sums) noexcept {
  std::fill_n(&sums[0][0], token_count * kPanelRows, 0.0f);
  GroupWeights weights;
  for (std::int64_t column = 0; column < arguments.columns; column += kGroupColumns, ++blocks) {
    const std::int64_t width = std::min(kGroupColumns, arguments.columns - column);
    const float* x = arguments.x + token_begin * arguments.columns + column;
    for (int slice = 0; slice < kUnpackedSlices; ++slice) {
      unpack(*blocks, slice, weights);
      std::int64_t t = 0;
      for (; t + kTileTokens <= token_count; t += kTileTokens) {
        add_group<kTileTokens>(weights, x + t * arguments.columns, arguments.columns, width, slice,
                               sums + t);
      }
      for (; t < token_count; ++t) {
        add_group<1>(weights, x + t * arguments.columns, arguments.columns, width, slice, sums + t);
      }
    }
  }
}

// unpack(block, slice, weights) gives the floats of the rows slice * kLanes + 0..kLanes-1 of a
// block.
template <typename Block, typename Unpack>
Result<void> multiply_unpacked(const MatMulArguments& arguments, Execution& execution,
                               const Unpack& unpack) {
  const auto* blocks = reinterpret_cast<const Block*>(arguments.weight);
  const std::int64_t groups = group_count(arguments.columns);
  const Parts parts(panel_count(arguments.rows), execution.threads.threads());
  execution.threads.for_each_part(parts.count(), [&](std::int64_t part, int) {
    BlockSums sums;
    for (std::int64_t panel = parts[part].begin; panel < parts[part].end; ++panel) {
      for (std::int64_t token = 0; token < arguments.tokens; token += kBlockTokens) {
        const std::int64_t count = std::min(kBlockTokens, arguments.tokens - token);
        multiply_panel(arguments, blocks + panel * groups, unpack, token, count, sums);
        for (std::int64_t t = 0; t < count; ++t) {
          store_panel_row(arguments, panel, token + t, sums[t]);
        }
      }
    }
  });
  return {};
}

}  // namespace tessera::cpu
