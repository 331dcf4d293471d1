// Writing and reading whole blocks of q2 and q3, which differ in the high plane alone.
#pragma once

#include "quantization/q2.h"
#include "quantization/q3.h"

namespace tessera {

inline int read_quant(const Q2Block& block, std::int64_t row, std::int64_t column) noexcept {
  return read_low_plane(block.low, row, column);
}
inline int read_quant(const Q3Block& block, std::int64_t row, std::int64_t column) noexcept {
  return read_low_plane(block.low, row, column) | read_high_plane(block.high, row, column) << 2;
}

// Sets a quant whose bits are still zero.
inline void write_quant(Q2Block& block, std::int64_t row, std::int64_t column, int quant) noexcept {
  write_low_plane(block.low, row, column, quant);
}
inline void write_quant(Q3Block& block, std::int64_t row, std::int64_t column, int quant) noexcept {
  write_low_plane(block.low, row, column, quant);
  write_high_plane(block.high, row, column, quant >> 2);
}

// A missing row keeps zero point and quants zero, and a missing column gets the quant that is
// nearest to zero: both are weights of value zero, the column to within half a step.
template <typename Block>
void quantize_low_bit_block(const float* rows, std::int64_t stride, std::int64_t row_count,
                            std::int64_t column_count, std::byte* block) noexcept {
  constexpr int kBits = Block::kBits;
  Block& out = *reinterpret_cast<Block*>(block);
  out = Block{};
  for (std::int64_t row = 0; row < row_count; ++row) {
    const float* weights = rows + row * stride;
    const LowBitLine line = fit_low_bit_line(weights, nullptr, column_count, kBits);
    out.scales[row] = line.scale;
    out.zeros[row] = line.zero;
    for (std::int64_t column = 0; column < kGroupColumns; ++column) {
      const float weight = column < column_count ? weights[column] : 0.0f;
      write_quant(out, row, column, low_bit_quant(weight, line, kBits));
    }
  }
}

template <typename Block>
void dequantize_low_bit_row(const std::byte* block, std::int64_t row, float* out) noexcept {
  const Block& in = *reinterpret_cast<const Block*>(block);
  const float scale = low_bit_scale(in.scales[row]);
  const float zero = low_bit_zero(in.zeros[row], Block::kBits);
  for (std::int64_t column = 0; column < kGroupColumns; ++column) {
    out[column] = scale * (static_cast<float>(read_quant(in, row, column)) - zero);
  }
}

}  // namespace tessera
