// The number formats in which other programs store tensors, and how to read each of them.
//
// Names and layouts of the block formats are ggml's. A row of a matrix is a whole number of blocks.
// What a matrix becomes unless something else is asked for, and what that costs:
//
//   | stored as        | becomes  | loss                                                     |
//   | F32, F16         | the same | none                                                     |
//   | BF16             | f16      | none from 2^-14 to 65504; larger weights are refused     |
//   | Q8_0, Q5_0       | q8       | none                                                     |
//   | Q4_0             | q4       | none                                                     |
//   | Q4_1             | q4m      | none                                                     |
//   | Q4_K             | q4m      | scales and minimums of groups are rounded to f16         |
//   | Q5_1, Q5_K, Q6_K | q8       | rounded anew to 8 bits                                   |
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "tensor/data_type.h"

namespace tessera {

inline constexpr std::size_t kStoredBlockElementsMax = 256;

// The integers of one block as our formats hold them, groups of 32 (quantization/pack.h).
struct UnpackedBlock {
  std::uint8_t quants[kStoredBlockElementsMax];  // q8: two's complement
  std::uint16_t scales[kStoredBlockElementsMax / 32];
  std::uint16_t minimums[kStoredBlockElementsMax / 32];  // q4m only
};

struct StoredFormat {
  std::string_view name;  // "F16", "Q4_K"
  std::size_t block_elements;
  std::size_t block_size_bytes;

  // Reads block_elements numbers. Null for integers, which no weight is stored as.
  void (*block_to_floats)(const std::byte* block, float* out) noexcept;

  // What a matrix of this format becomes unless something else is asked for.
  DataType natural_type;

  // Takes a block's integers over into natural_type: its weights stay the same (Q4_K: but for
  // rounding its scales and minimums to f16). Null: convert by way of floats.
  void (*unpack)(const std::byte* block, UnpackedBlock& out) noexcept;
};

// Null if there is no such format. Safetensors: "F32"; GGUF: ggml's type number.
const StoredFormat* stored_format_of_safetensors(std::string_view dtype);
const StoredFormat* stored_format_of_gguf(std::uint32_t ggml_type);

// ggml's name of a type number, for messages; "type 99" has none.
std::string_view ggml_type_name(std::uint32_t ggml_type);

// Reads `out.size()` numbers. REQUIRES: whole blocks, `blocks` holds as many, block_to_floats.
void stored_to_floats(const StoredFormat& format, const std::byte* blocks, std::span<float> out);

}  // namespace tessera
