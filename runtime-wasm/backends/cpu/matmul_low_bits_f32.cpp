// out[t, r] = sum_i x[t, i] * weight[r, i] with q2 and q3 weights in panels and float32 arithmetic
// throughout (panel_product_f32.h).
#include "backends/cpu/panel_product_f32.h"
#include "backends/cpu/simd/table_dot.h"
#include "quantization/low_bit_blocks.h"

namespace tessera::cpu {
namespace {

// Bit kBit of every lane, as kTo.
template <int kBit, int kTo>
simd::I32 bit_of(simd::I32 words) noexcept {
  constexpr int kShift = kBit - kTo;
  const simd::I32 mask = simd::splat_i32(1 << kTo);
  if constexpr (kShift < 0) {
    return simd::bit_and(simd::shift_left<-kShift>(words), mask);
  } else {
    return simd::bit_and(simd::shift_right_unsigned<kShift>(words), mask);
  }
}

// The quants of column j of the quads i and i + 4, as floats.
template <typename Block, int i, int j>
void unpack_columns(const Block& block, int row, GroupWeights& weights) noexcept {
  const simd::I32 low = simd::load_words(block.low[i][row]);
  simd::I32 first = simd::add(bit_of<j, 0>(low), bit_of<8 + j, 1>(low));
  simd::I32 last = simd::add(bit_of<4 + j, 0>(low), bit_of<12 + j, 1>(low));
  if constexpr (Block::kBits == 3) {
    constexpr int kByte = i / 2 * 8;
    const simd::I32 high = simd::load_words(block.high[i % 2][row]);
    first = simd::add(first, bit_of<kByte + j, 2>(high));
    last = simd::add(last, bit_of<kByte + 4 + j, 2>(high));
  }
  weights[4 * i + j] = simd::to_f32(first);
  weights[16 + 4 * i + j] = simd::to_f32(last);
}

template <typename Block, int i>
void unpack_quads(const Block& block, int row, GroupWeights& weights) noexcept {
  unpack_columns<Block, i, 0>(block, row, weights);
  unpack_columns<Block, i, 1>(block, row, weights);
  unpack_columns<Block, i, 2>(block, row, weights);
  unpack_columns<Block, i, 3>(block, row, weights);
}

template <typename Block>
void unpack(const Block& block, int slice, GroupWeights& weights) noexcept {
  const int row = slice * simd::kLanes;
  unpack_quads<Block, 0>(block, row, weights);
  unpack_quads<Block, 1>(block, row, weights);
  unpack_quads<Block, 2>(block, row, weights);
  unpack_quads<Block, 3>(block, row, weights);
  float scales[simd::kLanes], zeros[simd::kLanes];
  for (int lane = 0; lane < simd::kLanes; ++lane) {
    const LowBitLine line = read_line(block, row + lane);
    scales[lane] = low_bit_scale(line.scale);
    zeros[lane] = low_bit_zero(line.zero, Block::kBits);
  }
  const simd::F32 scale = simd::load(scales);
  const simd::F32 zero = simd::load(zeros);
  for (simd::F32& weight : weights) weight = simd::multiply(scale, simd::subtract(weight, zero));
}

template <typename Block>
Result<void> run_format(const MatMulArguments& arguments, Execution& execution) {
  return multiply_unpacked<Block>(
      arguments, execution, [](const Block& block, int slice, GroupWeights& weights) noexcept {
        unpack(block, slice, weights);
      });
}

}  // namespace

Result<void> matmul_low_bits_f32(const MatMulArguments& arguments, Execution& execution) {
  if (arguments.type == DataType::kQ2) return run_format<Q2Block>(arguments, execution);
  return run_format<Q3Block>(arguments, execution);
}

}  // namespace tessera::cpu
