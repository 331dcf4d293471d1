#include "tokenizer/byte_level.h"

#include <array>

#include "tokenizer/unicode.h"

namespace tessera {
namespace {

constexpr std::size_t kCharacters = 0x144;  // all characters in use are below this
constexpr std::int16_t kNoByte = -1;

struct ByteTables {
  std::array<char32_t, 256> character_of{};
  std::array<std::int16_t, kCharacters> byte_of{};
};

// Printable Latin-1 characters stand for themselves; the others follow from U+0100 on, in order.
constexpr ByteTables make_tables() {
  ByteTables tables;
  tables.byte_of.fill(kNoByte);
  char32_t next = 0x100;
  for (char32_t byte = 0; byte < 256; ++byte) {
    const bool is_printable = (byte >= '!' && byte <= '~') || (byte >= 0xa1 && byte != 0xad);
    const char32_t character = is_printable ? byte : next++;
    tables.character_of[byte] = character;
    tables.byte_of[character] = static_cast<std::int16_t>(byte);
  }
  return tables;
}

constexpr ByteTables kTables = make_tables();
static_assert(kTables.character_of[' '] == 0x120 && kTables.character_of[0xad] == 0x143);

}  // namespace

void append_byte_characters(std::string& text, std::string_view bytes) {
  for (const char byte : bytes) {
    const char32_t character = kTables.character_of[static_cast<unsigned char>(byte)];
    if (character < 0x80) {
      text.push_back(static_cast<char>(character));
    } else {
      text.push_back(static_cast<char>(0xc0 | (character >> 6)));
      text.push_back(static_cast<char>(0x80 | (character & 0x3f)));
    }
  }
}

void append_character_bytes(std::string& bytes, std::string_view characters) {
  const std::size_t size_before = bytes.size();
  for (std::size_t position = 0; position < characters.size();) {
    const CodePoint next = code_point_at(characters, position);
    position += next.size_bytes;
    const std::int16_t byte = next.value < kCharacters ? kTables.byte_of[next.value] : kNoByte;
    if (byte == kNoByte) {
      bytes.resize(size_before);
      bytes.append(characters);
      return;
    }
    bytes.push_back(static_cast<char>(byte));
  }
}

}  // namespace tessera
