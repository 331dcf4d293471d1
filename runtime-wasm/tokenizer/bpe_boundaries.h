// Where a long text falls apart for byte pair encoding: between two characters that no merge can
// ever bring into one token. The stretches between such places are encoded one by one, which keeps
// the working set small; the tokens are the same.
#pragma once

#include <cstdint>
#include <vector>

#include "tokenizer/merge_table.h"
#include "tokenizer/vocabulary.h"

namespace tessera {

class BpeBoundaries {
 public:
  // For models whose symbols are plain characters (no prefix or suffix). The vocabulary must
  // outlive it.
  BpeBoundaries(const Vocabulary& vocabulary, const MergeTable& merges);

  // Whether the symbols `left` and `right`, side by side in a word, may end up in one token.
  bool may_join(std::int32_t left, std::int32_t right) const noexcept;

 private:
  bool is_character(std::int32_t id) const noexcept;

  const Vocabulary& vocabulary_;
  std::vector<std::uint64_t> joints_;  // pairs of character ids; sorted
};

}  // namespace tessera
