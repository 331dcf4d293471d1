#include "quantization/pack.h"

#include <algorithm>

#include "base/check.h"
#include "quantization/low_bit_blocks.h"
#include "quantization/nibbles.h"
#include "quantization/q4.h"
#include "quantization/q4m.h"
#include "quantization/q4s.h"
#include "quantization/q8.h"

namespace tessera {
namespace {

// Calls visit(block, row, column_in_block, group, source_index) for every weight there is. Blocks
// start as `blank`.
template <typename Block, typename Visit>
void for_each_weight(std::int64_t row_count, std::int64_t columns, const Block& blank,
                     std::byte* out_panel, Visit visit) noexcept {
  TESSERA_CHECK(row_count >= 0 && row_count <= kPanelRows);
  auto* blocks = reinterpret_cast<Block*>(out_panel);
  std::fill_n(blocks, group_count(columns), blank);
  for (std::int64_t row = 0; row < row_count; ++row) {
    for (std::int64_t column = 0; column < columns; ++column) {
      visit(blocks[column / kGroupColumns], row, column % kGroupColumns, row * columns + column);
    }
  }
}

// Calls visit(block, row, source_index) for every row and group there is.
template <typename Block, typename Visit>
void for_each_group(std::int64_t row_count, std::int64_t columns, std::byte* out_panel,
                    Visit visit) noexcept {
  auto* blocks = reinterpret_cast<Block*>(out_panel);
  const std::int64_t groups = group_count(columns);
  for (std::int64_t row = 0; row < row_count; ++row) {
    for (std::int64_t group = 0; group < groups; ++group) {
      visit(blocks[group], row, row * groups + group);
    }
  }
}

// weight = scale * (quant - 8): the quant of a zero is 8, so missing weights are written, not left
// out.
template <typename Block, typename Scale>
void pack_symmetric(const std::uint8_t* quants, const Scale* scales, std::int64_t row_count,
                    std::int64_t columns, std::byte* out_panel) noexcept {
  TESSERA_CHECK(row_count >= 0 && row_count <= kPanelRows);
  auto* blocks = reinterpret_cast<Block*>(out_panel);
  const std::int64_t groups = group_count(columns);
  std::fill_n(blocks, groups, Block{});
  for (std::int64_t row = 0; row < kPanelRows; ++row) {
    for (std::int64_t column = 0; column < groups * kGroupColumns; ++column) {
      const bool is_there = row < row_count && column < columns;
      write_nibble(blocks[column / kGroupColumns].quants, row, column % kGroupColumns,
                   is_there ? quants[row * columns + column] & 15 : 8);
    }
  }
  for_each_group<Block>(row_count, columns, out_panel,
                        [&](Block& block, std::int64_t row, std::int64_t source) {
                          block.scales[row] = scales[source];
                        });
}

template <typename Block>
void pack_low_bits(const std::uint8_t* quants, const LowBitLine* lines, std::int64_t row_count,
                   std::int64_t columns, std::byte* out_panel) noexcept {
  TESSERA_CHECK(row_count >= 0 && row_count <= kPanelRows);
  auto* blocks = reinterpret_cast<Block*>(out_panel);
  const std::int64_t groups = group_count(columns);
  std::fill_n(blocks, groups, Block{});
  for (std::int64_t row = 0; row < kPanelRows; ++row) {
    for (std::int64_t group = 0; group < groups; ++group) {
      const bool is_there = row < row_count;
      const LowBitLine line = is_there ? lines[row * groups + group] : blank_line(Block::kBits);
      write_line(blocks[group], row, line);
      for (std::int64_t i = 0; i < kGroupColumns; ++i) {
        const std::int64_t column = group * kGroupColumns + i;
        const int quant = is_there && column < columns ? quants[row * columns + column]
                                                       : low_bit_quant(0.0f, line, Block::kBits);
        write_quant(blocks[group], row, i, quant & quant_max(Block::kBits));
      }
    }
  }
}

}  // namespace

void pack_panel_q8(const std::int8_t* quants, const std::uint16_t* scales, std::int64_t row_count,
                   std::int64_t columns, std::byte* out_panel) noexcept {
  for_each_weight(row_count, columns, Q8Block{}, out_panel,
                  [&](Q8Block& block, std::int64_t row, std::int64_t column, std::int64_t source) {
                    block.quants[column / 4][row][column % 4] = quants[source];
                  });
  for_each_group<Q8Block>(row_count, columns, out_panel,
                          [&](Q8Block& block, std::int64_t row, std::int64_t source) {
                            block.scales[row] = scales[source];
                          });
}

void pack_panel_q4(const std::uint8_t* quants, const std::uint16_t* scales, std::int64_t row_count,
                   std::int64_t columns, std::byte* out_panel) noexcept {
  pack_symmetric<Q4Block>(quants, scales, row_count, columns, out_panel);
}

void pack_panel_q4s(const std::uint8_t* quants, const std::uint8_t* scales, std::int64_t row_count,
                    std::int64_t columns, std::byte* out_panel) noexcept {
  pack_symmetric<Q4SBlock>(quants, scales, row_count, columns, out_panel);
}

void pack_panel_q4m(const std::uint8_t* quants, const std::uint16_t* scales,
                    const std::uint16_t* minimums, std::int64_t row_count, std::int64_t columns,
                    std::byte* out_panel) noexcept {
  for_each_weight(row_count, columns, Q4MBlock{}, out_panel,
                  [&](Q4MBlock& block, std::int64_t row, std::int64_t column, std::int64_t source) {
                    write_nibble(block.quants, row, column, quants[source] & 15);
                  });
  for_each_group<Q4MBlock>(row_count, columns, out_panel,
                           [&](Q4MBlock& block, std::int64_t row, std::int64_t source) {
                             block.scales[row] = scales[source];
                             block.minimums[row] = minimums[source];
                           });
}

void pack_panel_low_bits(DataType type, const std::uint8_t* quants, const LowBitLine* lines,
                         std::int64_t row_count, std::int64_t columns,
                         std::byte* out_panel) noexcept {
  TESSERA_CHECK(type == DataType::kQ2 || type == DataType::kQ3);
  if (type == DataType::kQ2) {
    pack_low_bits<Q2Block>(quants, lines, row_count, columns, out_panel);
  } else {
    pack_low_bits<Q3Block>(quants, lines, row_count, columns, out_panel);
  }
}

}  // namespace tessera
