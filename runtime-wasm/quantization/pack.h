// Packing integers that are quantized already (from a GGUF file, for instance) into panels, without
// loss: what dequantize_row reads back is exactly scale * quant and so on.
//
// In each function `quants` are [row_count, columns] integers, row-major, and scales and minimums
// are [row_count, group_count(columns)], f16 but for q4s; row_count <= kPanelRows; out_panel takes
// panel_size_bytes.
#pragma once

#include <cstddef>
#include <cstdint>

#include "quantization/low_bits.h"
#include "tensor/data_type.h"

namespace tessera {

// weight = scale * quant, quant in -128..127
void pack_panel_q8(const std::int8_t* quants, const std::uint16_t* scales, std::int64_t row_count,
                   std::int64_t columns, std::byte* out_panel) noexcept;

// weight = scale * (quant - 8), quant in 0..15
void pack_panel_q4(const std::uint8_t* quants, const std::uint16_t* scales, std::int64_t row_count,
                   std::int64_t columns, std::byte* out_panel) noexcept;

// The same, `scales` being codes of q4s (quantization/q4s.h).
void pack_panel_q4s(const std::uint8_t* quants, const std::uint8_t* scales, std::int64_t row_count,
                    std::int64_t columns, std::byte* out_panel) noexcept;

// weight = scale * quant + minimum, quant in 0..15. If columns is no multiple of 32, the last
// group's padding reads as its minimum, not as zero; the inputs beyond `columns` that meet it are
// zero.
void pack_panel_q4m(const std::uint8_t* quants, const std::uint16_t* scales,
                    const std::uint16_t* minimums, std::int64_t row_count, std::int64_t columns,
                    std::byte* out_panel) noexcept;

// weight = scale * (quant - zero), quant in 0..3 (q2) or 0..7 (q3); `lines` are [row_count,
// group_count(columns)] stored scales and zero points (quantization/low_bits.h). Padding columns
// get the quant nearest to their group's zero point. REQUIRES: type is kQ2 or kQ3.
void pack_panel_low_bits(DataType type, const std::uint8_t* quants, const LowBitLine* lines,
                         std::int64_t row_count, std::int64_t columns,
                         std::byte* out_panel) noexcept;

}  // namespace tessera
