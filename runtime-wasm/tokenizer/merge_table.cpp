#include "tokenizer/merge_table.h"

#include <bit>

namespace tessera {
MergeTable::MergeTable(const std::vector<Merge>& merges)
    : slots_(std::bit_ceil(merges.size() * 3 / 2 + 1), Merge{0, 0, kFree, 0}) {
  for (const Merge& merge : merges) slots_[slot_of(merge.left, merge.right)] = merge;
}

const MergeTable::Merge* MergeTable::find(std::int32_t left, std::int32_t right) const noexcept {
  const Merge& merge = slots_[slot_of(left, right)];
  return merge.rank == kFree ? nullptr : &merge;
}

// Where the pair stands, or the free slot where it would.
std::size_t MergeTable::slot_of(std::int32_t left, std::int32_t right) const noexcept {
  const std::size_t mask = slots_.size() - 1;
  const std::uint64_t key = (static_cast<std::uint64_t>(static_cast<std::uint32_t>(left)) << 32) |
                            static_cast<std::uint32_t>(right);
  const std::uint64_t hash = key * 0x9e3779b97f4a7c15u;
  std::size_t slot = static_cast<std::size_t>(hash ^ (hash >> 32)) & mask;
  while (slots_[slot].rank != kFree && (slots_[slot].left != left || slots_[slot].right != right)) {
    slot = (slot + 1) & mask;
  }
  return slot;
}

}  // namespace tessera
