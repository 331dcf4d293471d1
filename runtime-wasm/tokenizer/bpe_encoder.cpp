#include "tokenizer/bpe_encoder.h"

#include <algorithm>

#include "tokenizer/unicode.h"

namespace tessera {
namespace {

constexpr std::int32_t kLongWord = 4096;   // symbols
constexpr std::int32_t kStretchMin = 256;  // shorter stretches do not pay

}  // namespace

Result<void> BpeEncoder::encode(std::string_view word, std::vector<std::int32_t>& ids) {
  if (model_.options_.ignore_merges) {
    const std::int32_t id = model_.vocabulary_.find(word);
    if (id != kNoToken) {
      ids.push_back(id);
      return {};
    }
  }
  TESSERA_TRY_VOID(split_into_symbols(word));
  merge_symbols();
  for (const Symbol& symbol : symbols_) {
    if (symbol.id != kNoToken) ids.push_back(symbol.id);
  }
  return {};
}

Result<void> BpeEncoder::split_into_symbols(std::string_view word) {
  symbols_.clear();
  has_unknown_ = false;
  for (std::size_t position = 0; position < word.size();) {
    const CodePoint next = code_point_at(word, position);
    std::string_view character = word.substr(position, next.size_bytes);
    std::int32_t id = kNoToken;
    if (is_plain()) {
      id = model_.find_character(next.value, character);
    } else {
      character = decorated(character, position == 0, position + next.size_bytes == word.size());
      id = model_.vocabulary_.find(character);
    }
    position += next.size_bytes;
    if (id != kNoToken) {
      flush_unknown();
      add_symbol(id);
    } else {
      TESSERA_TRY_VOID(add_unknown(character));
    }
  }
  flush_unknown();
  return {};
}

// Characters are looked up as they are.
bool BpeEncoder::is_plain() const {
  return model_.options_.continuing_subword_prefix.empty() &&
         model_.options_.end_of_word_suffix.empty();
}

// A word's first character stands for itself; the others, and the last, may carry markers.
std::string_view BpeEncoder::decorated(std::string_view character, bool is_first, bool is_last) {
  decorated_.clear();
  if (!is_first) decorated_ += model_.options_.continuing_subword_prefix;
  decorated_ += character;
  if (is_last) decorated_ += model_.options_.end_of_word_suffix;
  return decorated_;
}

Result<void> BpeEncoder::add_unknown(std::string_view character) {
  if (model_.options_.byte_fallback && add_bytes(character)) return {};
  if (!model_.options_.unk_token) return {};
  if (model_.unk_id_ == kNoToken) {
    return Error{ErrorCode::kInvalidFile, "the unknown token \"" + *model_.options_.unk_token +
                                              "\" is not in the vocabulary"};
  }
  if (!model_.options_.fuse_unk) flush_unknown();
  has_unknown_ = true;
  return {};
}

// False, and nothing added, unless there is a token for every byte.
bool BpeEncoder::add_bytes(std::string_view character) {
  const auto id_of = [&](char byte) { return model_.byte_ids_[static_cast<unsigned char>(byte)]; };
  if (std::any_of(character.begin(), character.end(),
                  [&](char byte) { return id_of(byte) == kNoToken; })) {
    return false;
  }
  for (const char byte : character) add_symbol(id_of(byte));
  return true;
}

void BpeEncoder::flush_unknown() {
  if (has_unknown_) add_symbol(model_.unk_id_);
  has_unknown_ = false;
}

void BpeEncoder::add_symbol(std::int32_t id) {
  const auto index = static_cast<std::int32_t>(symbols_.size());
  if (index > 0) symbols_.back().next = index;
  symbols_.push_back({id, index - 1, -1});
}

// A long word is merged stretch by stretch: a heap over all of it would leave the caches.
void BpeEncoder::merge_symbols() {
  const auto count = static_cast<std::int32_t>(symbols_.size());
  if (count < kLongWord || !is_plain()) {
    merge_stretch(0, count);
    return;
  }
  if (!boundaries_) boundaries_.emplace(model_.vocabulary_, model_.merges_);
  std::int32_t begin = 0;
  for (std::int32_t end = kStretchMin; end < count; ++end) {
    const auto index = static_cast<std::size_t>(end);
    if (end - begin < kStretchMin ||
        boundaries_->may_join(symbols_[index - 1].id, symbols_[index].id)) {
      continue;
    }
    merge_stretch(begin, end);
    begin = end;
  }
  merge_stretch(begin, count);
}

// Merges the symbols [begin, end). None of them has a merge with one outside, now or later.
void BpeEncoder::merge_stretch(std::int32_t begin, std::int32_t end) {
  heap_.clear();
  for (std::int32_t position = begin; position + 1 < end; ++position) add_candidate(position);
  std::make_heap(heap_.begin(), heap_.end());
  while (!heap_.empty()) {
    std::pop_heap(heap_.begin(), heap_.end());
    const Candidate top = heap_.back();
    heap_.pop_back();
    Symbol& left = symbols_[static_cast<std::size_t>(top.position)];
    if (left.id == kNoToken || left.next < 0) continue;
    Symbol& right = symbols_[static_cast<std::size_t>(left.next)];
    const MergeTable::Merge* merge = model_.merges_.find(left.id, right.id);
    if (merge == nullptr || merge->merged != top.merged) continue;  // its symbols have changed
    left.id = top.merged;
    left.next = right.next;
    right.id = kNoToken;
    if (left.next >= 0) symbols_[static_cast<std::size_t>(left.next)].previous = top.position;
    for (const std::int32_t position : {left.previous, top.position}) {
      const std::size_t size = heap_.size();
      if (position >= 0) add_candidate(position);
      if (heap_.size() > size) std::push_heap(heap_.begin(), heap_.end());
    }
  }
}

void BpeEncoder::add_candidate(std::int32_t position) {
  const Symbol& left = symbols_[static_cast<std::size_t>(position)];
  if (left.next < 0) return;
  const Symbol& right = symbols_[static_cast<std::size_t>(left.next)];
  if (const MergeTable::Merge* merge = model_.merges_.find(left.id, right.id)) {
    heap_.push_back({merge->rank, position, merge->merged});
  }
}

}  // namespace tessera
