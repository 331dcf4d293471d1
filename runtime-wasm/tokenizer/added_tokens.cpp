#include "tokenizer/added_tokens.h"

#include <algorithm>

#include "tokenizer/unicode.h"

namespace tessera {
namespace {

// No word character touches [begin, end).
bool is_single_word(std::string_view text, std::size_t begin, std::size_t end) {
  if (begin > 0 && is_word(code_point_at(text, previous_position(text, begin)).value)) return false;
  return end == text.size() || !is_word(code_point_at(text, end).value);
}

std::size_t before_spaces(std::string_view text, std::size_t begin) {
  while (begin > 0) {
    const std::size_t previous = previous_position(text, begin);
    if (!is_space(code_point_at(text, previous).value)) break;
    begin = previous;
  }
  return begin;
}

std::size_t behind_spaces(std::string_view text, std::size_t end) {
  while (end < text.size()) {
    const CodePoint next = code_point_at(text, end);
    if (!is_space(next.value)) break;
    end += next.size_bytes;
  }
  return end;
}

}  // namespace

Result<AddedToken> read_added_token(const JsonValue& value) {
  TESSERA_TRY(const JsonObject object, value.object());
  AddedToken token;
  TESSERA_TRY(const std::int64_t id, object.integer("id", 0, kTokenIdMax));
  TESSERA_TRY(const std::string_view content, object.string("content"));
  token.id = static_cast<std::int32_t>(id);
  token.content = content;
  TESSERA_TRY(const auto is_special, object.optional_boolean("special"));
  TESSERA_TRY(const auto is_normalized, object.optional_boolean("normalized"));
  TESSERA_TRY(const auto single_word, object.optional_boolean("single_word"));
  TESSERA_TRY(const auto strips_left, object.optional_boolean("lstrip"));
  TESSERA_TRY(const auto strips_right, object.optional_boolean("rstrip"));
  token.is_special = is_special.value_or(false);
  token.is_normalized = is_normalized.value_or(!token.is_special);
  token.is_single_word = single_word.value_or(false);
  token.strips_left = strips_left.value_or(false);
  token.strips_right = strips_right.value_or(false);
  return token;
}

AddedTokenFinder::AddedTokenFinder(std::vector<const AddedToken*> tokens)
    : tokens_(std::move(tokens)) {
  std::sort(tokens_.begin(), tokens_.end(), [](const AddedToken* a, const AddedToken* b) {
    return a->searched != b->searched ? a->searched < b->searched : a->id < b->id;
  });
  if (tokens_.empty()) return;
  first_tokens_.resize(257, static_cast<std::uint32_t>(tokens_.size()));
  for (std::size_t index = tokens_.size(); index-- > 0;) {
    const auto first_byte = static_cast<unsigned char>(tokens_[index]->searched.front());
    first_tokens_[first_byte] = static_cast<std::uint32_t>(index);
  }
  for (std::size_t byte = 256; byte-- > 0;) {
    first_tokens_[byte] = std::min(first_tokens_[byte], first_tokens_[byte + 1]);
  }
}

// The longest token that `text`, which is not empty, begins with; or null.
const AddedToken* AddedTokenFinder::longest_at(std::string_view text) const {
  const auto first_byte = static_cast<unsigned char>(text.front());
  auto begin = tokens_.begin() + static_cast<std::ptrdiff_t>(first_tokens_[first_byte]);
  auto end = tokens_.begin() + static_cast<std::ptrdiff_t>(first_tokens_[first_byte + 1u]);
  const AddedToken* longest = nullptr;
  // [begin, end) are the tokens that share their first `size` bytes with the text.
  for (std::size_t size = 1; begin != end; ++size) {
    if ((*begin)->searched.size() == size) longest = *begin;
    if (size == text.size()) break;
    const auto byte = static_cast<unsigned char>(text[size]);
    const auto byte_of = [size](const AddedToken* token) {  // -1: the token ends here
      return size < token->searched.size() ? static_cast<unsigned char>(token->searched[size]) : -1;
    };
    begin = std::partition_point(begin, end, [&](const auto* t) { return byte_of(t) < byte; });
    end = std::partition_point(begin, end, [&](const auto* t) { return byte_of(t) <= byte; });
  }
  return longest;
}

Result<void> AddedTokenFinder::split(std::string_view text, bool finds_special,
                                     const Visit& visit) const {
  std::size_t delivered = 0;
  for (std::size_t position = 0; !tokens_.empty() && position < text.size();) {
    const AddedToken* token = longest_at(text.substr(position));
    if (token == nullptr) {
      ++position;
      continue;
    }
    std::size_t begin = position;
    std::size_t end = position + token->searched.size();
    position = end;
    if (token->is_special && !finds_special) continue;
    if (token->is_single_word && !is_single_word(text, begin, end)) continue;
    if (token->strips_left) begin = std::max(before_spaces(text, begin), delivered);
    if (token->strips_right) end = behind_spaces(text, end);
    if (delivered < begin) TESSERA_TRY_VOID(visit({delivered, begin, nullptr}));
    TESSERA_TRY_VOID(visit({begin, end, token}));
    delivered = end;
  }
  if (delivered < text.size()) TESSERA_TRY_VOID(visit({delivered, text.size(), nullptr}));
  return {};
}

}  // namespace tessera
