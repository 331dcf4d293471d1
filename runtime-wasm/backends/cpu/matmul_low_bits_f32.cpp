// out[t, r] = sum_i x[t, i] * weight[r, i] with q2 and q3 weights in panels and float32 arithmetic
// throughout (panel_product_f32.h).
#include "backends/cpu/low_bit_weights.h"
#include "backends/cpu/panel_product_f32.h"

namespace tessera::cpu {
namespace {

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
