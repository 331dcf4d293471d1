#include "backends/webgpu/slab.h"

#include <algorithm>
#include <iterator>

namespace tessera::webgpu {
namespace {

constexpr std::size_t round_up(std::size_t size_bytes) {
  const std::size_t whole = (size_bytes + kBindingAlignmentBytes - 1) / kBindingAlignmentBytes;
  return std::max<std::size_t>(1, whole) * kBindingAlignmentBytes;
}

}  // namespace

std::size_t Slab::take(std::size_t size_bytes) {
  const std::size_t size = round_up(size_bytes);
  for (auto range = free_.begin(); range != free_.end(); ++range) {
    if (range->second < size) continue;
    const auto [offset, available] = *range;
    free_.erase(range);
    if (available > size) free_.emplace(offset + size, available - size);
    return offset;
  }
  const std::size_t offset = end_bytes_;
  end_bytes_ += size;
  return offset;
}

void Slab::give_back(std::size_t offset_bytes, std::size_t size_bytes) {
  std::size_t offset = offset_bytes;
  std::size_t size = round_up(size_bytes);
  const auto next = free_.find(offset + size);
  if (next != free_.end()) {
    size += next->second;
    free_.erase(next);
  }
  auto after = free_.lower_bound(offset);
  if (after != free_.begin()) {
    const auto before = std::prev(after);
    if (before->first + before->second == offset) {
      offset = before->first;
      size += before->second;
      free_.erase(before);
    }
  }
  free_.emplace(offset, size);
}

void Slab::commit(CommandStream& commands) {
  if (committed_bytes_ >= end_bytes_) return;
  const auto size = static_cast<std::uint32_t>(end_bytes_);
  if (committed_bytes_ == 0) {
    commands.append(Opcode::kCreateBuffer,
                    {buffer_, size, static_cast<std::uint32_t>(BufferUsage::kStorage)});
  } else {
    commands.append(Opcode::kResizeBuffer, {buffer_, size});
  }
  committed_bytes_ = end_bytes_;
}

}  // namespace tessera::webgpu
