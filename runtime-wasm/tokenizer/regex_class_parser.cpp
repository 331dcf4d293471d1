#include "tokenizer/regex_class_parser.h"

#include <string>

namespace tessera {
namespace {

constexpr char32_t kCodePointMax = 0x10ffff;

// The digits of \x41, \x{1F600} and \u0041.
Result<char32_t> parse_hexadecimal(RegexCursor& cursor, std::size_t digits_max) {
  const bool is_braced = cursor.take("{");
  if (is_braced) digits_max = 6;
  char32_t value = 0;
  std::size_t digits = 0;
  for (; digits < digits_max && !cursor.at_end(); ++digits) {
    const char digit = cursor.rest().front();
    const char lower = static_cast<char>(digit | 0x20);
    if (digit >= '0' && digit <= '9') {
      value = value * 16 + static_cast<char32_t>(digit - '0');
    } else if (lower >= 'a' && lower <= 'f') {
      value = value * 16 + static_cast<char32_t>(lower - 'a' + 10);
    } else {
      break;
    }
    cursor.skip(1);
  }
  if (digits == 0 || value > kCodePointMax) return cursor.malformed("a bad character number");
  if (is_braced && !cursor.take("}")) return cursor.malformed("a missing }");
  return value;
}

Result<Unit> parse_property(RegexCursor& cursor, CharacterClass& set, bool is_negated) {
  if (!cursor.take("{")) return cursor.malformed("\\p without a name in braces");
  if (cursor.take("^")) is_negated = !is_negated;
  const std::size_t size = cursor.rest().find('}');
  if (size == std::string_view::npos) return cursor.malformed("a missing }");
  const std::string_view name = cursor.rest().substr(0, size);
  const CategoryMask categories = categories_named(name);
  if (categories == 0) return cursor.unsupported("the property \"" + std::string(name) + "\"");
  set.add_categories(is_negated ? kAllCategories & ~categories : categories);
  cursor.skip(size + 1);
  return Unit{};
}

// Letters whose escape means a set of characters. Returns false for all others.
bool add_shorthand(char32_t letter, CharacterClass& set) {
  switch (letter) {
    case 's': set.add_spaces(); return true;
    case 'S': set.add_non_spaces(); return true;
    case 'w': set.add_words(); return true;
    case 'W': set.add_non_words(); return true;
    case 'd': set.add_categories(categories_named("Nd")); return true;
    case 'D': set.add_categories(kAllCategories & ~categories_named("Nd")); return true;
    default: return false;
  }
}

char32_t control_character(char32_t letter) {
  switch (letter) {
    case 'n': return '\n';
    case 'r': return '\r';
    case 't': return '\t';
    case 'f': return '\f';
    case 'v': return '\v';
    case 'a': return '\a';
    case 'e': return 0x1b;
    default: return kNoCharacter;
  }
}

bool is_letter_or_digit(char32_t c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

// One member of a class. kNoCharacter: it was a set, already added.
Result<char32_t> parse_member(RegexCursor& cursor, CharacterClass& set) {
  if (cursor.at_end()) return cursor.malformed("a missing ]");
  if (cursor.starts_with("[") || cursor.starts_with("&&")) {
    return cursor.unsupported("a class inside a class");
  }
  const char32_t code_point = cursor.take_code_point();
  if (code_point == '\\') return parse_escape(cursor, set);
  return code_point;
}

}  // namespace

bool RegexCursor::take(std::string_view text) {
  if (!starts_with(text)) return false;
  position_ += text.size();
  return true;
}

char32_t RegexCursor::take_code_point() {
  const CodePoint next = code_point_at(pattern_, position_);
  position_ += next.size_bytes;
  return next.value;
}

Error RegexCursor::malformed(std::string_view problem) const {
  return error(ErrorCode::kInvalidFile, std::string(problem));
}

Error RegexCursor::unsupported(std::string_view construct) const {
  return error(ErrorCode::kUnsupported, std::string(construct) + " is not supported");
}

Error RegexCursor::error(ErrorCode code, std::string_view problem) const {
  return Error{code, "pattern \"" + std::string(pattern_) + "\", before byte " +
                         std::to_string(position_) + ": " + std::string(problem)};
}

Result<char32_t> parse_escape(RegexCursor& cursor, CharacterClass& set) {
  if (cursor.at_end()) return cursor.malformed("a lone backslash at the end");
  const char32_t letter = cursor.take_code_point();
  if (letter == 'p' || letter == 'P') {
    TESSERA_TRY_VOID(parse_property(cursor, set, letter == 'P'));
    return kNoCharacter;
  }
  if (letter == 'x') return parse_hexadecimal(cursor, 2);
  if (letter == 'u') return parse_hexadecimal(cursor, 4);
  if (add_shorthand(letter, set)) return kNoCharacter;
  const char32_t control = control_character(letter);
  if (control != kNoCharacter) return control;
  if (is_letter_or_digit(letter)) {
    return cursor.unsupported(std::string("the escape \\") + static_cast<char>(letter));
  }
  return letter;
}

Result<CharacterClass> parse_class(RegexCursor& cursor) {
  CharacterClass set;
  if (cursor.take("^")) set.negate();
  if (cursor.starts_with("]")) return cursor.malformed("an empty class");
  while (!cursor.take("]")) {
    TESSERA_TRY(const char32_t first, parse_member(cursor, set));
    const bool is_range = cursor.starts_with("-") && !cursor.starts_with("-]");
    if (first == kNoCharacter) continue;  // a hyphen behind a set is an ordinary member
    char32_t last = first;
    if (is_range) {
      cursor.take("-");
      TESSERA_TRY(last, parse_member(cursor, set));
      if (last == kNoCharacter || last < first) return cursor.malformed("a range without an end");
    }
    set.add_range(first, last);
  }
  return set;
}

}  // namespace tessera
