// GPT-2's way to write any bytes as printable characters: each byte has one of its own, so that a
// vocabulary of texts can hold every byte sequence.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace tessera {

// Appends the characters that stand for `bytes`, two or fewer bytes of UTF-8 each.
void append_byte_characters(std::string& text, std::string_view bytes);

// Appends the bytes that `characters` stand for; if one of them stands for no byte, `characters`
// itself. REQUIRES: valid UTF-8.
void append_character_bytes(std::string& bytes, std::string_view characters);

}  // namespace tessera
