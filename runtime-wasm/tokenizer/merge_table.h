// The merges of a BPE model: which neighbouring tokens become which, and in what order.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace tessera {

class MergeTable {
 public:
  struct Merge {
    std::int32_t left;
    std::int32_t right;
    std::uint32_t rank;  // a lower one is applied first
    std::int32_t merged;
  };

  // A pair that occurs twice keeps its last rank.
  explicit MergeTable(const std::vector<Merge>& merges);

  // The merge of a pair of tokens, or null.
  const Merge* find(std::int32_t left, std::int32_t right) const noexcept;

  template <typename Visit>
  void for_each(const Visit& visit) const {
    for (const Merge& merge : slots_) {
      if (merge.rank != kFree) visit(merge);
    }
  }

 private:
  static constexpr std::uint32_t kFree = 0xffffffffu;

  std::size_t slot_of(std::int32_t left, std::int32_t right) const noexcept;

  std::vector<Merge> slots_;  // open addressing, a power of two; rank kFree is free
};

}  // namespace tessera
