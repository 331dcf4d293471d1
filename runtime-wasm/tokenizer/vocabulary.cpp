#include "tokenizer/vocabulary.h"

#include <bit>
#include <cstring>

namespace tessera {
namespace {

// Eight bytes at a time, multiplied and folded; the seed tells strings of different sizes apart.
std::size_t hash_of(std::string_view text) noexcept {
  constexpr std::uint64_t kMultiplier = 0x9e3779b97f4a7c15u;
  std::uint64_t hash = text.size() * kMultiplier;
  const auto mix = [&](std::uint64_t word) {
    hash = (hash ^ word) * kMultiplier;
    hash ^= hash >> 29;
  };
  while (text.size() >= sizeof(std::uint64_t)) {
    std::uint64_t word = 0;
    std::memcpy(&word, text.data(), sizeof(word));
    mix(word);
    text.remove_prefix(sizeof(word));
  }
  std::uint64_t rest = 0;
  std::memcpy(&rest, text.data(), text.size());
  mix(rest);
  return static_cast<std::size_t>(hash ^ (hash >> 32));
}

}  // namespace

Result<void> Vocabulary::add(std::string_view token, std::int64_t id) {
  if (id < 0 || id > kTokenIdMax) {
    return Error{ErrorCode::kInvalidFile, "token \"" + std::string(token) + "\" has the id " +
                                              std::to_string(id) + ", outside 0.." +
                                              std::to_string(kTokenIdMax)};
  }
  const auto index = static_cast<std::size_t>(id);
  if (index >= entries_.size()) {
    if (index >= entries_.capacity()) entries_.reserve(std::max(index + 1, 2 * entries_.size()));
    entries_.resize(index + 1);
  }
  if (entries_[index].is_used) {
    return Error{ErrorCode::kInvalidFile,
                 "the tokens \"" + std::string(this->token(static_cast<std::int32_t>(id))) +
                     "\" and \"" + std::string(token) + "\" have the same id " +
                     std::to_string(id)};
  }
  entries_[index].offset = static_cast<std::uint32_t>(text_.size());
  entries_[index].size_bytes = static_cast<std::uint32_t>(token.size()) & 0x7fffffffu;
  entries_[index].is_used = 1;
  text_.append(token);
  ++count_;
  return {};
}

Result<void> Vocabulary::build_index() {
  text_.shrink_to_fit();
  entries_.shrink_to_fit();
  slots_.assign(std::bit_ceil(count_ * 3 / 2 + 1), kNoToken);
  const std::size_t mask = slots_.size() - 1;
  for (std::int32_t id = 0; id < end_id(); ++id) {
    if (!contains(id)) continue;
    std::size_t slot = hash_of(token(id)) & mask;
    while (slots_[slot] != kNoToken) {
      if (token(slots_[slot]) == token(id)) {
        return Error{ErrorCode::kInvalidFile,
                     "the token \"" + std::string(token(id)) + "\" occurs twice"};
      }
      slot = (slot + 1) & mask;
    }
    slots_[slot] = id;
  }
  return {};
}

std::int32_t Vocabulary::find(std::string_view token) const noexcept {
  const std::size_t mask = slots_.size() - 1;
  std::size_t slot = hash_of(token) & mask;
  while (slots_[slot] != kNoToken && this->token(slots_[slot]) != token) slot = (slot + 1) & mask;
  return slots_[slot];
}

}  // namespace tessera
