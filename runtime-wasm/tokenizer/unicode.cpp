#include "tokenizer/unicode.h"

#include <utf8proc.h>

#include <algorithm>
#include <array>

namespace tessera {
namespace {

constexpr std::array<std::string_view, 30> kCategoryNames = {
    "Cn", "Lu", "Ll", "Lt", "Lm", "Lo", "Mn", "Mc", "Me", "Nd", "Nl", "No", "Pc", "Pd", "Ps",
    "Pe", "Pi", "Pf", "Po", "Sm", "Sc", "Sk", "So", "Zs", "Zl", "Zp", "Cc", "Cf", "Cs", "Co"};
static_assert(UTF8PROC_CATEGORY_CN == 0 && UTF8PROC_CATEGORY_LU == 1 && UTF8PROC_CATEGORY_ND == 9 &&
              UTF8PROC_CATEGORY_CO == 29);

constexpr bool in(char32_t code_point, char32_t first, char32_t last) {
  return code_point >= first && code_point <= last;
}

// The start of a byte string, as UTF-8 sees it.
struct Sequence {
  enum class Kind { kComplete, kUnfinished, kBroken };
  Kind kind;
  std::size_t size_bytes;  // kBroken: what one U+FFFD stands for
};

// REQUIRES: !bytes.empty(). Table 3-7 of the Unicode standard.
Sequence first_sequence(std::string_view bytes) noexcept {
  const auto byte = [&](std::size_t index) { return static_cast<unsigned char>(bytes[index]); };
  const unsigned lead = byte(0);
  if (lead < 0x80) return {Sequence::Kind::kComplete, 1};
  if (lead < 0xc2 || lead > 0xf4) return {Sequence::Kind::kBroken, 1};
  const std::size_t size = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  unsigned low = 0x80;
  unsigned high = 0xbf;
  if (lead == 0xe0) low = 0xa0;
  if (lead == 0xed) high = 0x9f;
  if (lead == 0xf0) low = 0x90;
  if (lead == 0xf4) high = 0x8f;
  for (std::size_t index = 1; index < size; ++index) {
    if (index == bytes.size()) return {Sequence::Kind::kUnfinished, index};
    if (byte(index) < low || byte(index) > high) return {Sequence::Kind::kBroken, index};
    low = 0x80;
    high = 0xbf;
  }
  return {Sequence::Kind::kComplete, size};
}

}  // namespace

void append_code_point(std::string& text, char32_t code_point) {
  std::array<utf8proc_uint8_t, 4> bytes;
  const auto size = utf8proc_encode_char(static_cast<utf8proc_int32_t>(code_point), bytes.data());
  text.append(reinterpret_cast<const char*>(bytes.data()), static_cast<std::size_t>(size));
}

std::size_t append_as_utf8(std::string& text, std::string_view bytes, bool is_final) {
  std::size_t position = 0;
  std::size_t copied = 0;  // bytes[0, copied) are in `text`
  while (position < bytes.size()) {
    const Sequence next = first_sequence(bytes.substr(position));
    if (next.kind == Sequence::Kind::kComplete) {
      position += next.size_bytes;
      continue;
    }
    text.append(bytes, copied, position - copied);
    copied = position;
    if (next.kind == Sequence::Kind::kUnfinished && !is_final) return position;
    append_code_point(text, kReplacementCharacter);
    position += next.size_bytes;
    copied = position;
  }
  text.append(bytes, copied, position - copied);
  return position;
}

bool is_valid_utf8(std::string_view text) noexcept {
  while (!text.empty()) {
    const Sequence next = first_sequence(text);
    if (next.kind != Sequence::Kind::kComplete) return false;
    text.remove_prefix(next.size_bytes);
  }
  return true;
}

CategoryMask category_of(char32_t code_point) noexcept {
  return 1u << utf8proc_category(static_cast<utf8proc_int32_t>(code_point));
}

CategoryMask categories_named(std::string_view name) noexcept {
  CategoryMask mask = 0;
  if (name.empty()) return mask;
  for (std::size_t index = 0; index < kCategoryNames.size(); ++index) {
    if (kCategoryNames[index].substr(0, name.size()) == name) mask |= 1u << index;
  }
  return mask;
}

bool is_space(char32_t code_point) noexcept {
  if (code_point < 0x80) return in(code_point, 0x09, 0x0d) || code_point == 0x20;
  return code_point == 0x85 || code_point == 0xa0 || code_point == 0x1680 ||
         in(code_point, 0x2000, 0x200a) || code_point == 0x2028 || code_point == 0x2029 ||
         code_point == 0x202f || code_point == 0x205f || code_point == 0x3000;
}

bool is_word(char32_t code_point) noexcept {
  static const CategoryMask kWord = categories_named("L") | categories_named("M") |
                                    categories_named("Nd") | categories_named("Nl") |
                                    categories_named("Pc");
  if ((category_of(code_point) & kWord) != 0) return true;
  // Join_Control, and the symbols that are alphabetic: circled and squared letters.
  return in(code_point, 0x200c, 0x200d) || in(code_point, 0x24b6, 0x24e9) ||
         in(code_point, 0x1f130, 0x1f149) || in(code_point, 0x1f150, 0x1f169) ||
         in(code_point, 0x1f170, 0x1f189);
}

char32_t to_lower(char32_t code_point) noexcept {
  return static_cast<char32_t>(utf8proc_tolower(static_cast<utf8proc_int32_t>(code_point)));
}

char32_t to_upper(char32_t code_point) noexcept {
  return static_cast<char32_t>(utf8proc_toupper(static_cast<utf8proc_int32_t>(code_point)));
}

}  // namespace tessera
