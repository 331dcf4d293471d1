// out[t, r] = sum_i x[t, i] * weight[r, i] with weights in panels and float32 arithmetic
// throughout. A group of a panel is turned into floats once, column by column, and used for a block
// of tokens.
#include <array>

#include "backends/cpu/matmul.h"
#include "backends/cpu/simd/simd.h"
#include "quantization/q4.h"
#include "quantization/q4m.h"
#include "quantization/q8.h"

namespace tessera::cpu {
namespace {

constexpr int kTileTokens = 4;
constexpr std::int64_t kBlockTokens = 64;
constexpr int kSlices = static_cast<int>(kPanelRows) / simd::kLanes;

// The weights of kLanes rows, column by column.
using GroupWeights = std::array<simd::F32, kGroupColumns>;
using BlockSums = float[kBlockTokens][kPanelRows];

// Column 4 * chunk + j, for j = 0..3, of the low nibbles; the high ones are kFirstBit = 4.
template <int kFirstBit>
void unpack_nibbles(simd::I32 four, simd::F32* columns) noexcept {
  const simd::I32 mask = simd::splat_i32(15);
  columns[0] = simd::to_f32(simd::bit_and(simd::shift_right_unsigned<kFirstBit>(four), mask));
  columns[1] = simd::to_f32(simd::bit_and(simd::shift_right_unsigned<8 + kFirstBit>(four), mask));
  columns[2] = simd::to_f32(simd::bit_and(simd::shift_right_unsigned<16 + kFirstBit>(four), mask));
  columns[3] = simd::to_f32(simd::bit_and(simd::shift_right_unsigned<24 + kFirstBit>(four), mask));
}

template <typename Quants>
void unpack_nibble_chunks(const Quants& quants, int slice, GroupWeights& weights) noexcept {
  for (int chunk = 0; chunk < 4; ++chunk) {
    const simd::I32 four = simd::load_i32(quants[chunk][slice * simd::kLanes]);
    unpack_nibbles<0>(four, weights.data() + 4 * chunk);
    unpack_nibbles<4>(four, weights.data() + 16 + 4 * chunk);
  }
}

void unpack(const Q4Block& block, int slice, GroupWeights& weights) noexcept {
  unpack_nibble_chunks(block.quants, slice, weights);
  const simd::F32 scale = simd::load_halves(block.scales + slice * simd::kLanes);
  const simd::F32 offset = simd::splat(8.0f);
  for (simd::F32& weight : weights) {
    weight = simd::multiply(scale, simd::subtract(weight, offset));
  }
}

void unpack(const Q4MBlock& block, int slice, GroupWeights& weights) noexcept {
  unpack_nibble_chunks(block.quants, slice, weights);
  const simd::F32 scale = simd::load_halves(block.scales + slice * simd::kLanes);
  const simd::F32 minimum = simd::load_halves(block.minimums + slice * simd::kLanes);
  for (simd::F32& weight : weights) weight = simd::multiply_add(scale, weight, minimum);
}

void unpack(const Q8Block& block, int slice, GroupWeights& weights) noexcept {
  const simd::F32 scale = simd::load_halves(block.scales + slice * simd::kLanes);
  for (int chunk = 0; chunk < 8; ++chunk) {
    const simd::I32 four = simd::load_i32(block.quants[chunk][slice * simd::kLanes]);
    simd::F32* columns = weights.data() + 4 * chunk;
    columns[0] = simd::to_f32(simd::shift_right<24>(simd::shift_left<24>(four)));
    columns[1] = simd::to_f32(simd::shift_right<24>(simd::shift_left<16>(four)));
    columns[2] = simd::to_f32(simd::shift_right<24>(simd::shift_left<8>(four)));
    columns[3] = simd::to_f32(simd::shift_right<24>(four));
    for (int j = 0; j < 4; ++j) columns[j] = simd::multiply(scale, columns[j]);
  }
}

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

template <typename Block>
void multiply_panel(const MatMulArguments& arguments, const Block* blocks, std::int64_t token_begin,
                    std::int64_t token_count, BlockSums& sums) noexcept {
  std::fill_n(&sums[0][0], token_count * kPanelRows, 0.0f);
  GroupWeights weights;
  for (std::int64_t column = 0; column < arguments.columns; column += kGroupColumns, ++blocks) {
    const std::int64_t width = std::min(kGroupColumns, arguments.columns - column);
    const float* x = arguments.x + token_begin * arguments.columns + column;
    for (int slice = 0; slice < kSlices; ++slice) {
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

template <typename Block>
Result<void> run_format(const MatMulArguments& arguments, Execution& execution) {
  const auto* blocks = reinterpret_cast<const Block*>(arguments.weight);
  const std::int64_t groups = group_count(arguments.columns);
  const Parts parts(panel_count(arguments.rows), execution.threads.threads());
  execution.threads.for_each_part(parts.count(), [&](std::int64_t part, int) {
    BlockSums sums;
    for (std::int64_t panel = parts[part].begin; panel < parts[part].end; ++panel) {
      for (std::int64_t token = 0; token < arguments.tokens; token += kBlockTokens) {
        const std::int64_t count = std::min(kBlockTokens, arguments.tokens - token);
        multiply_panel(arguments, blocks + panel * groups, token, count, sums);
        for (std::int64_t t = 0; t < count; ++t) {
          store_panel_row(arguments, panel, token + t, sums[t]);
        }
      }
    }
  });
  return {};
}

}  // namespace

Result<void> matmul_panels_f32(const MatMulArguments& arguments, Execution& execution) {
  switch (arguments.type) {
    case DataType::kQ4: return run_format<Q4Block>(arguments, execution);
    case DataType::kQ4M: return run_format<Q4MBlock>(arguments, execution);
    default: return run_format<Q8Block>(arguments, execution);
  }
}

}  // namespace tessera::cpu
