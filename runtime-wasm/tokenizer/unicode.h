// Characters: UTF-8 in and out, and the Unicode properties that tokenizers ask about (by utf8proc).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace tessera {

inline constexpr char32_t kReplacementCharacter = 0xfffd;

struct CodePoint {
  char32_t value;
  std::size_t size_bytes;
};

// The character that starts at `position`. REQUIRES: valid UTF-8, position < text.size().
inline CodePoint code_point_at(std::string_view text, std::size_t position) noexcept {
  const auto byte = [&](std::size_t offset) {
    return static_cast<char32_t>(static_cast<unsigned char>(text[position + offset]));
  };
  const char32_t lead = byte(0);
  if (lead < 0x80) return {lead, 1};
  if (lead < 0xe0) return {((lead & 0x1f) << 6) | (byte(1) & 0x3f), 2};
  if (lead < 0xf0) return {((lead & 0x0f) << 12) | ((byte(1) & 0x3f) << 6) | (byte(2) & 0x3f), 3};
  return {
      ((lead & 0x07) << 18) | ((byte(1) & 0x3f) << 12) | ((byte(2) & 0x3f) << 6) | (byte(3) & 0x3f),
      4};
}

// Where the character before `position` starts. REQUIRES: valid UTF-8, position > 0.
inline std::size_t previous_position(std::string_view text, std::size_t position) noexcept {
  do {
    --position;
  } while ((static_cast<unsigned char>(text[position]) & 0xc0) == 0x80);
  return position;
}

void append_code_point(std::string& text, char32_t code_point);

// Appends `bytes` to `text`, with U+FFFD for every longest part that can begin no character (the
// practice Unicode recommends). Unless `is_final`, an unfinished character at the end is left out.
// Returns how many bytes were used.
std::size_t append_as_utf8(std::string& text, std::string_view bytes, bool is_final);

bool is_valid_utf8(std::string_view text) noexcept;

// Sets of general categories, one bit each, in utf8proc's order.
using CategoryMask = std::uint32_t;
inline constexpr CategoryMask kAllCategories = (1u << 30) - 1;

CategoryMask category_of(char32_t code_point) noexcept;
// A name as in \p{L} or \p{Lu}: one or two letters. Returns 0 for an unknown one.
CategoryMask categories_named(std::string_view name) noexcept;

bool is_space(char32_t code_point) noexcept;  // the property White_Space
bool is_word(char32_t code_point) noexcept;   // \w: letters, marks, digits, connectors
char32_t to_lower(char32_t code_point) noexcept;
char32_t to_upper(char32_t code_point) noexcept;

}  // namespace tessera
