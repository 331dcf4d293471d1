#include "tokenizer/unicode.h"

#include <catch2/catch_test_macros.hpp>

using namespace tessera;

namespace {

std::string repaired(std::string_view bytes) {
  std::string text;
  CHECK(append_as_utf8(text, bytes, true) == bytes.size());
  CHECK(is_valid_utf8(text));
  return text;
}

}  // namespace

TEST_CASE("every code point survives the way to UTF-8 and back") {
  for (char32_t code_point = 0; code_point < 0x110000; ++code_point) {
    if (code_point >= 0xd800 && code_point < 0xe000) continue;
    std::string text;
    append_code_point(text, code_point);
    const CodePoint read = code_point_at(text, 0);
    if (read.value != code_point || read.size_bytes != text.size() || !is_valid_utf8(text) ||
        previous_position(text, text.size()) != 0) {
      FAIL(static_cast<unsigned>(code_point));
    }
  }
}

TEST_CASE("broken UTF-8 gets one U+FFFD for each longest part that begins no character") {
  // The examples of the Unicode standard, section 3.9, tables 3-8 to 3-11.
  CHECK(repaired("\xc0\xaf\xe0\x80\xbf\xf0\x81\x82\x41") ==
        "\ufffd\ufffd\ufffd\ufffd\ufffd\ufffd\ufffd\ufffd\x41");
  CHECK(repaired("\xed\xa0\x80\xed\xbf\xbf\xed\xaf\x41") ==
        "\ufffd\ufffd\ufffd\ufffd\ufffd\ufffd\ufffd\ufffd\x41");
  CHECK(repaired("\xf4\x91\x92\x93\xff\x41\x80\xbf\x42") ==
        "\ufffd\ufffd\ufffd\ufffd\ufffd\x41\ufffd\ufffd\x42");
  CHECK(repaired("\xe1\x80\xe2\xf0\x91\x92\xf1\xbf\x41") == "\ufffd\ufffd\ufffd\ufffd\x41");
}

TEST_CASE("only an unfinished character at the end waits") {
  std::string text;
  CHECK(append_as_utf8(text, "ab\xf0\x9f\x99", false) == 2);
  CHECK(append_as_utf8(text, "\xf0\x9f", false) == 0);
  CHECK(append_as_utf8(text, "\xe2\x82\x41\xc3", false) == 3);
  CHECK(text == "ab\ufffd\x41");
  CHECK(append_as_utf8(text, "", false) == 0);
}

TEST_CASE("names of general categories are understood") {
  CHECK(categories_named("Lu") == category_of('A'));
  CHECK((categories_named("L") & category_of(0x6f22)) != 0);
  CHECK((categories_named("N") & category_of(0xbd)) != 0);
  CHECK(categories_named("C") != categories_named("Cc"));
  CHECK(categories_named("") == 0);
  CHECK(categories_named("X") == 0);
  CHECK(categories_named("Luu") == 0);
  CategoryMask all = 0;
  for (const std::string_view name : {"L", "M", "N", "P", "S", "Z", "C"}) {
    CHECK((all & categories_named(name)) == 0);
    all |= categories_named(name);
  }
  CHECK(all == kAllCategories);
}
