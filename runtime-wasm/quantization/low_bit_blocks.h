// Writing and reading whole blocks of q2 and q3, which differ in the high plane and in how many
// bits a zero point has.
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

inline LowBitLine read_line(const Q2Block& block, std::int64_t row) noexcept {
  const int zeros = block.zeros[row % 4];
  return {block.scales[row], static_cast<std::uint8_t>(row < 4 ? zeros & 15 : zeros >> 4)};
}
inline LowBitLine read_line(const Q3Block& block, std::int64_t row) noexcept {
  return {block.scales[row], block.zeros[row]};
}

// Sets a line whose bits are still zero.
inline void write_line(Q2Block& block, std::int64_t row, const LowBitLine& line) noexcept {
  block.scales[row] = line.scale;
  std::uint8_t& zeros = block.zeros[row % 4];
  zeros = static_cast<std::uint8_t>(zeros | (line.zero & 15) << (row < 4 ? 0 : 4));
}
inline void write_line(Q3Block& block, std::int64_t row, const LowBitLine& line) noexcept {
  block.scales[row] = line.scale;
  block.zeros[row] = line.zero;
}

// The line of weights that are all zero, or missing.
constexpr LowBitLine blank_line(int bits) {
  return {0, static_cast<std::uint8_t>(static_cast<float>(zero_middle(bits)) +
                                       (1.0f - 0.5f * static_cast<float>(quant_max(bits))) *
                                           zero_steps(bits))};
}
static_assert(low_bit_zero(blank_line(2).zero, 2) == 1.0f &&
              low_bit_zero(blank_line(3).zero, 3) == 1.0f);

// A missing row is of value zero, and a missing column gets the quant that is nearest to zero: zero
// to within half a step.
template <typename Block>
void quantize_low_bit_block(const float* rows, std::int64_t stride, std::int64_t row_count,
                            std::int64_t column_count, std::byte* block) noexcept {
  constexpr int kBits = Block::kBits;
  Block& out = *reinterpret_cast<Block*>(block);
  out = Block{};
  for (std::int64_t row = 0; row < kPanelRows; ++row) {
    const std::int64_t count = row < row_count ? column_count : 0;
    const float* weights = count > 0 ? rows + row * stride : nullptr;
    const LowBitLine line = fit_low_bit_line(weights, nullptr, count, kBits);
    write_line(out, row, line);
    for (std::int64_t column = 0; column < kGroupColumns; ++column) {
      const float weight = column < count ? weights[column] : 0.0f;
      write_quant(out, row, column, low_bit_quant(weight, line, kBits));
    }
  }
}

template <typename Block>
void dequantize_low_bit_row(const std::byte* block, std::int64_t row, float* out) noexcept {
  const Block& in = *reinterpret_cast<const Block*>(block);
  const LowBitLine line = read_line(in, row);
  const float scale = low_bit_scale(line.scale);
  const float zero = low_bit_zero(line.zero, Block::kBits);
  for (std::int64_t column = 0; column < kGroupColumns; ++column) {
    out[column] = scale * (static_cast<float>(read_quant(in, row, column)) - zero);
  }
}

}  // namespace tessera
