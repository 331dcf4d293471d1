// out[t, r] = sum_i x[t, i] * weight[r, i] with q2 and q3 weights in panels and float32 arithmetic
// throughout. A group of a panel is turned into floats once, column by column, and used for a block
// of tokens.
#include <array>

#include "backends/cpu/low_bit_weights.h"
#include "backends/cpu/matmul.h"

namespace tessera::cpu {
namespace {

constexpr int kTileTokens = 4;
constexpr std::int64_t kBlockTokens = 64;

// The weights of kLanes rows, column by column.
using GroupWeights = std::array<simd::F32, kGroupColumns>;
using BlockSums = float[kBlockTokens][kPanelRows];

// Columns 8k + 4 * chunk + 0..3 as floats, before scale and zero point.
template <typename Block, int k>
void unpack_columns(const LowBitChunk& packed, simd::F32* columns) noexcept {
  const simd::I32 bytes = unpack_bytes<Block, k>(packed);
  const simd::I32 mask = simd::splat_i32(7);
  columns[0] = simd::to_f32(simd::bit_and(bytes, mask));
  columns[1] = simd::to_f32(simd::bit_and(simd::shift_right_unsigned<8>(bytes), mask));
  columns[2] = simd::to_f32(simd::bit_and(simd::shift_right_unsigned<16>(bytes), mask));
  columns[3] = simd::to_f32(simd::shift_right_unsigned<24>(bytes));
}

template <typename Block>
void unpack(const Block& block, int slice, GroupWeights& weights) noexcept {
  for (int chunk = 0; chunk < 2; ++chunk) {
    const LowBitChunk packed = load_chunk(block, slice, chunk);
    simd::F32* columns = weights.data() + 4 * chunk;
    unpack_columns<Block, 0>(packed, columns);
    unpack_columns<Block, 1>(packed, columns + 8);
    unpack_columns<Block, 2>(packed, columns + 16);
    unpack_columns<Block, 3>(packed, columns + 24);
  }
  const simd::F32 scale = load_scales(block, slice);
  const simd::F32 zero = load_zeros(block, slice);
  for (simd::F32& weight : weights) weight = simd::multiply(scale, simd::subtract(weight, zero));
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
    for (int slice = 0; slice < kLowBitSlices; ++slice) {
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

Result<void> matmul_low_bits_f32(const MatMulArguments& arguments, Execution& execution) {
  if (arguments.type == DataType::kQ2) return run_format<Q2Block>(arguments, execution);
  return run_format<Q3Block>(arguments, execution);
}

}  // namespace tessera::cpu
