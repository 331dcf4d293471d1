#include "tokenizer/bpe_boundaries.h"

#include <algorithm>

#include "tokenizer/unicode.h"

namespace tessera {
namespace {

std::uint64_t key_of(std::int32_t left, std::int32_t right) {
  return (static_cast<std::uint64_t>(static_cast<std::uint32_t>(left)) << 32) |
         static_cast<std::uint32_t>(right);
}

}  // namespace

// A merge joins the last character of its left token with the first one of its right token.
BpeBoundaries::BpeBoundaries(const Vocabulary& vocabulary, const MergeTable& merges)
    : vocabulary_(vocabulary) {
  merges.for_each([&](const MergeTable::Merge& merge) {
    const std::string_view left = vocabulary.token(merge.left);
    const std::string_view right = vocabulary.token(merge.right);
    if (left.empty() || right.empty()) return;
    const std::string_view last = left.substr(previous_position(left, left.size()));
    const std::string_view first = right.substr(0, code_point_at(right, 0).size_bytes);
    joints_.push_back(key_of(vocabulary.find(last), vocabulary.find(first)));
  });
  std::sort(joints_.begin(), joints_.end());
  joints_.erase(std::unique(joints_.begin(), joints_.end()), joints_.end());
}

bool BpeBoundaries::may_join(std::int32_t left, std::int32_t right) const noexcept {
  // Byte tokens and the unknown token are not what their texts' characters are.
  if (!is_character(left) || !is_character(right)) return true;
  return std::binary_search(joints_.begin(), joints_.end(), key_of(left, right));
}

bool BpeBoundaries::is_character(std::int32_t id) const noexcept {
  const std::string_view text = vocabulary_.token(id);
  return !text.empty() && code_point_at(text, 0).size_bytes == text.size();
}

}  // namespace tessera
