// Parses the parts of a pattern that stand for one character: escapes and [classes].
#pragma once

#include <cstddef>
#include <string_view>

#include "base/result.h"
#include "tokenizer/character_class.h"

namespace tessera {

// A position in a pattern that is valid UTF-8, with errors that name both.
class RegexCursor {
 public:
  explicit RegexCursor(std::string_view pattern) : pattern_(pattern) {}

  bool at_end() const { return position_ == pattern_.size(); }
  // The rest begins with `text`; if so, moves behind it.
  bool take(std::string_view text);
  bool starts_with(std::string_view text) const { return rest().substr(0, text.size()) == text; }
  std::string_view rest() const { return pattern_.substr(position_); }
  void skip(std::size_t size_bytes) { position_ += size_bytes; }
  // REQUIRES: !at_end().
  char32_t take_code_point();

  Error malformed(std::string_view problem) const;
  Error unsupported(std::string_view construct) const;

 private:
  Error error(ErrorCode code, std::string_view problem) const;

  std::string_view pattern_;
  std::size_t position_ = 0;
};

// What stands behind a backslash: \p{L}, \s, \n, \x41, \. and so on, added to `set`. Returns the
// character if it is a single one, which may begin or end a range, else kNoCharacter.
inline constexpr char32_t kNoCharacter = 0xffffffff;
Result<char32_t> parse_escape(RegexCursor& cursor, CharacterClass& set);

// What stands behind an opening bracket, up to and with the closing one.
Result<CharacterClass> parse_class(RegexCursor& cursor);

}  // namespace tessera
