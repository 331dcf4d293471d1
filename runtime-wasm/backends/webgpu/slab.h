// Slab: hands out ranges of one GPU buffer that grows as ranges are taken.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>

#include "backends/webgpu/command_stream.h"

namespace tessera::webgpu {

class Slab {
 public:
  // `buffer` is the number that the GPU buffer will have.
  explicit Slab(std::uint32_t buffer) : buffer_(buffer) {}

  std::uint32_t buffer() const { return buffer_; }
  // Of the GPU buffer once `commit` has made it.
  std::size_t size_bytes() const { return end_bytes_; }

  // The offset of a free range, a multiple of kBindingAlignmentBytes. What is in it is zero only if
  // nothing was there before.
  std::size_t take(std::size_t size_bytes);
  void give_back(std::size_t offset_bytes, std::size_t size_bytes);

  // Makes the GPU buffer as large as it has to be.
  void commit(CommandStream& commands);

 private:
  std::uint32_t buffer_;
  std::size_t end_bytes_ = 0;
  std::size_t committed_bytes_ = 0;
  std::map<std::size_t, std::size_t> free_;  // size by offset, neighbours merged
};

}  // namespace tessera::webgpu
