// How quantized matrices lie on disk and in memory; a GPU has some of their blocks in another order
// (backends/webgpu/arranged_blocks.h).
//
// A matrix [rows, columns] is cut into panels of 8 rows and groups of 32 columns. A block is one
// panel in one group; blocks follow each other group by group inside a panel, panel after panel.
// Rows and columns past the end are padded with weights of value zero. Inside a block the eight
// rows are interleaved four columns at a time, so that one 32-byte load holds four neighbouring
// columns of eight rows: a dot product of 8-bit integers then leaves one sum per lane and row,
// with no horizontal addition, and one broadcast of four activations serves eight rows.
#pragma once

#include <cstddef>
#include <cstdint>

namespace tessera {

inline constexpr std::int64_t kPanelRows = 8;
inline constexpr std::int64_t kGroupColumns = 32;

constexpr std::int64_t panel_count(std::int64_t rows) {
  return (rows + kPanelRows - 1) / kPanelRows;
}
constexpr std::int64_t group_count(std::int64_t columns) {
  return (columns + kGroupColumns - 1) / kGroupColumns;
}

}  // namespace tessera
