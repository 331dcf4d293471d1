// Blocks of q2, q3 and q4s as a device holds them. A file's planes of bits are made for a processor
// that looks nibbles up in tables; a GPU multiplies bytes and loads 16 of them at once, wherever a
// block begins. Blocks follow each other as in a file, of these bytes:
//   | q2, q3   | content                                                                       |
//   | 0..7     | scales, one byte per row                                                      |
//   | 8..15    | zero points in steps of 1/32, one byte per row                                |
//   | 16..79   | codes[half 0..1][row 0..7], words: bits 0 and 1 of column                     |
//   |          |   16 * half + 4 * field + byte lie in that byte, at the bits 2 * field        |
//   | 80..111  | third[row 0..7], words, q3 alone: bit 2 of the same column in the same byte,  |
//   |          |   at bit 4 * half + 2 * (field % 2) + field / 2                               |
// q4s becomes q4: f16 holds its scales exactly.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "tensor/data_type.h"
#include "tensor/shape.h"

namespace tessera::webgpu {

// Whether blocks of this type are rearranged on their way to a device.
bool is_arranged(DataType type);

// The format that shaders read a matrix in.
DataType device_type(DataType type);

// Bytes on a device; SIZE_MAX where they are more, or the shape does not fit the type.
std::size_t device_size_bytes(DataType type, const Shape& shape);

// Rearranges a matrix whose bytes come in any order and cut anywhere.
class BlockArranger {
 public:
  // Neighbouring blocks as a device holds them.
  struct Run {
    std::size_t offset_bytes = 0;  // on the device
    std::vector<std::byte> bytes;
  };

  // REQUIRES: is_arranged(type).
  explicit BlockArranger(DataType type);

  // The blocks that these bytes complete, which are neighbours; perhaps none. `offset_bytes` is
  // theirs in the file's matrix. Bytes of a block that is not whole yet are kept.
  // REQUIRES: no byte comes twice.
  Run take(std::size_t offset_bytes, std::span<const std::byte> bytes);

 private:
  // A block of which bytes are missing.
  struct Part {
    std::size_t number = 0;
    std::size_t count = 0;  // of the bytes that are there
    std::vector<std::byte> block;
  };

  void take_part(std::size_t number, std::size_t begin, std::span<const std::byte> bytes, Run& run);
  void arrange(std::size_t number, const std::byte* block, Run& run) const;

  DataType type_;
  std::size_t file_bytes_;  // of a block
  std::size_t device_bytes_;
  std::vector<Part> parts_;  // few: two for a piece of the matrix
};

}  // namespace tessera::webgpu
