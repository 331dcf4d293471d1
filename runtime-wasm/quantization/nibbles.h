// Where a 4-bit weight lies among the quants of a q4, q4s or q4m block (quantization/q4.h).
#pragma once

#include <cstdint>

#include "tensor/panel.h"

namespace tessera {

using NibbleChunks = std::uint8_t[4][kPanelRows][4];

// REQUIRES: 0 <= row < 8, 0 <= column < 32.
inline int read_nibble(const NibbleChunks& chunks, std::int64_t row, std::int64_t column) noexcept {
  const std::int64_t low_column = column % 16;
  const int byte = chunks[low_column / 4][row][low_column % 4];
  return column < 16 ? byte & 15 : byte >> 4;
}

// Sets one nibble that is still zero. REQUIRES: as read_nibble, 0 <= quant < 16.
inline void write_nibble(NibbleChunks& chunks, std::int64_t row, std::int64_t column,
                         int quant) noexcept {
  const std::int64_t low_column = column % 16;
  std::uint8_t& byte = chunks[low_column / 4][row][low_column % 4];
  byte = static_cast<std::uint8_t>(byte | (column < 16 ? quant : quant << 4));
}

}  // namespace tessera
