// Unpacking q2 and q3 blocks (quantization/low_bits.h) into vectors of kLanes rows.
#pragma once

#include "backends/cpu/simd/low_bit_dot.h"
#include "quantization/q2.h"
#include "quantization/q3.h"

namespace tessera::cpu {

inline constexpr int kLowBitSlices = static_cast<int>(kPanelRows) / simd::kLanes;

// The bits of one chunk of kLanes rows, before columns are told apart.
struct LowBitChunk {
  simd::I32 low;
  simd::I32 high;  // q3 alone: bit 2k column 8k + 4 * chunk + j
};

inline LowBitChunk load_chunk(const Q2Block& block, int slice, int chunk) noexcept {
  return {simd::load_i32(block.low[chunk][slice * simd::kLanes]), {}};
}

inline LowBitChunk load_chunk(const Q3Block& block, int slice, int chunk) noexcept {
  const simd::I32 high = simd::load_i32(block.high[slice * simd::kLanes]);
  return {simd::load_i32(block.low[chunk][slice * simd::kLanes]),
          chunk == 0 ? high : simd::shift_right_unsigned<1>(high)};
}

// Columns 8k + 4 * chunk + j in byte j of every lane, each in 0..3 or 0..7.
template <typename Block, int k>
simd::I32 unpack_bytes(const LowBitChunk& chunk) noexcept {
  const simd::I32 low =
      simd::bit_and(simd::shift_right_unsigned<2 * k>(chunk.low), simd::splat_i32(0x03030303));
  if constexpr (Block::kBits == 2) {
    return low;
  } else {
    simd::I32 high;
    if constexpr (k == 0) high = simd::shift_left<2>(chunk.high);
    if constexpr (k == 1) high = chunk.high;
    if constexpr (k > 1) high = simd::shift_right_unsigned<2 * k - 2>(chunk.high);
    return simd::add(low, simd::bit_and(high, simd::splat_i32(0x04040404)));
  }
}

// Scales and zero points of kLanes rows.
template <typename Block>
simd::F32 load_scales(const Block& block, int slice) noexcept {
  const simd::I32 codes = simd::load_bytes(block.scales + slice * simd::kLanes);
  return simd::bits_to_f32(
      simd::add(simd::shift_left<19>(codes), simd::splat_i32(kLowBitScaleExponentMin << 23)));
}
template <typename Block>
simd::F32 load_zeros(const Block& block, int slice) noexcept {
  const simd::I32 codes = simd::load_bytes(block.zeros + slice * simd::kLanes);
  return simd::multiply(simd::to_f32(codes), simd::splat(1.0f / zero_steps(Block::kBits)));
}

}  // namespace tessera::cpu
