// out[t, r] = sum_i x[t, i] * weight[r, i] with q4, q4s, q4m and q8 weights in panels and float32
// arithmetic throughout (panel_product_f32.h).
#include "backends/cpu/panel_product_f32.h"
#include "quantization/q4.h"
#include "quantization/q4m.h"
#include "quantization/q4s.h"
#include "quantization/q8.h"

namespace tessera::cpu {
namespace {

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

// q4 and q4s.
template <typename Block>
void unpack(const Block& block, int slice, GroupWeights& weights) noexcept {
  unpack_nibble_chunks(block.quants, slice, weights);
  const simd::F32 scale = simd::load_scales(block.scales + slice * simd::kLanes);
  const simd::F32 offset = simd::splat(8.0f);
  for (simd::F32& weight : weights) {
    weight = simd::multiply(scale, simd::subtract(weight, offset));
  }
}

void unpack(const Q4MBlock& block, int slice, GroupWeights& weights) noexcept {
  unpack_nibble_chunks(block.quants, slice, weights);
  const simd::F32 scale = simd::load_scales(block.scales + slice * simd::kLanes);
  const simd::F32 minimum = simd::load_halves(block.minimums + slice * simd::kLanes);
  for (simd::F32& weight : weights) weight = simd::multiply_add(scale, weight, minimum);
}

void unpack(const Q8Block& block, int slice, GroupWeights& weights) noexcept {
  const simd::F32 scale = simd::load_scales(block.scales + slice * simd::kLanes);
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

template <typename Block>
Result<void> run_format(const MatMulArguments& arguments, Execution& execution) {
  return multiply_unpacked<Block>(
      arguments, execution, [](const Block& block, int slice, GroupWeights& weights) noexcept {
        unpack(block, slice, weights);
      });
}

}  // namespace

Result<void> matmul_panels_f32(const MatMulArguments& arguments, Execution& execution) {
  switch (arguments.type) {
    case DataType::kQ4: return run_format<Q4Block>(arguments, execution);
    case DataType::kQ4S: return run_format<Q4SBlock>(arguments, execution);
    case DataType::kQ4M: return run_format<Q4MBlock>(arguments, execution);
    default: return run_format<Q8Block>(arguments, execution);
  }
}

}  // namespace tessera::cpu
