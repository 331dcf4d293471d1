#include "base/json_writer.h"

#include <catch2/catch_test_macros.hpp>
#include <limits>
#include <string>

#include "base/json.h"

using namespace tessera;

namespace {

std::string quoted(std::string_view text) {
  std::string out;
  append_json_string(out, text);
  return out;
}

}  // namespace

TEST_CASE("a writer puts commas and colons where they belong") {
  JsonWriter json;
  json.begin_object().key("a").begin_array().integer(1).begin_object().end_object().null();
  json.end_array().key("b").boolean(false).key("c").raw("[2]").end_object();
  CHECK(std::move(json).take() == R"({"a":[1,{},null],"b":false,"c":[2]})");
}

TEST_CASE("a value may stand alone") {
  JsonWriter json;
  CHECK(std::move(json.string("x")).take() == "\"x\"");
}

TEST_CASE("strings are escaped") {
  CHECK(quoted("a\"b\\c\n\t\r\b\f\x01\x1f/") == R"("a\"b\\c\n\t\r\b\f\u0001\u001f/")");
  CHECK(quoted(std::string_view("\0", 1)) == R"("\u0000")");
  CHECK(quoted("h\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80") ==
        "\"h\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\"");
}

TEST_CASE("bytes that are not UTF-8 become replacement characters") {
  const std::string replacement = "\xef\xbf\xbd";
  CHECK(quoted("\xff") == "\"" + replacement + "\"");
  CHECK(quoted("\xc3") == "\"" + replacement + "\"");
  CHECK(quoted("\xc3(") == "\"" + replacement + "(\"");
  CHECK(quoted("\xc0\x80") == "\"" + replacement + replacement + "\"");
  CHECK(quoted("\xed\xa0\x80") == "\"" + replacement + replacement + replacement + "\"");
  CHECK(JsonDocument::parse(quoted("\xf4\x90\x80\x80 \xe0\x80\x80")));
}

TEST_CASE("numbers read back as the same numbers") {
  for (const double value : {0.1, 1e300, -5e-324, 1.0 / 3.0, 123456789.0, -0.0}) {
    JsonWriter json;
    const auto document = JsonDocument::parse(std::move(json.number(value)).take());
    REQUIRE(document);
    CHECK(*document->root().number() == value);
  }
  JsonWriter json;
  json.begin_array().number(0.1f).number(std::numeric_limits<double>::infinity());
  json.integer(std::numeric_limits<std::int64_t>::min()).end_array();
  CHECK(std::move(json).take() == "[0.1,null,-9223372036854775808]");
}
