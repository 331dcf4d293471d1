#include "base/json.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <string>

using Catch::Matchers::ContainsSubstring;
using Catch::Matchers::StartsWith;
using namespace tessera;

namespace {

JsonDocument parsed(std::string_view text) {
  auto document = JsonDocument::parse(text);
  REQUIRE(document);
  return std::move(document).value();
}

}  // namespace

TEST_CASE("members of every kind are read") {
  const auto document = parsed(
      R"({"s":"é\n","i":-7,"d":2.5,"b":true,"n":null,"a":[1,"x",[]],"o":{"k":9223372036854775807}})");
  const auto root = document.root().object();
  REQUIRE(root);
  CHECK(*root->string("s") == "\xc3\xa9\n");
  CHECK(*root->integer("i") == -7);
  CHECK(*root->number("d") == 2.5);
  CHECK(*root->number("i") == -7.0);
  CHECK(*root->boolean("b"));
  CHECK(root->find("n")->is_null());
  const auto array = root->array("a");
  REQUIRE(array->size() == 3);
  CHECK(*(*array)[1].string() == "x");
  CHECK(*root->object("o")->integer("k") == 9223372036854775807);
}

TEST_CASE("errors name the path of the value at fault") {
  const auto document =
      parsed(R"({"tensors":[{"shape":[1]},{},{"shape":[4,"x",{"y":[]}]}],"z":1})");
  const auto tensors = document.root().object()->array("tensors");
  REQUIRE(tensors);
  CHECK((*tensors)[2].path() == "tensors[2]");
  const auto shape = (*tensors)[2].object()->array("shape");
  const auto wrong_kind = (*shape)[1].integer();
  REQUIRE(!wrong_kind);
  CHECK(wrong_kind.error().code == ErrorCode::kInvalidFile);
  CHECK(wrong_kind.error().message == "tensors[2].shape[1]: expected an integer, found a string");
  CHECK((*shape)[2].object()->find("y")->path() == "tensors[2].shape[2].y");
  CHECK((*tensors)[1].object()->array("shape").error().message ==
        "tensors[1]: \"shape\" is missing");
  CHECK(document.root().integer().error().message ==
        "document: expected an integer, found an object");
  CHECK(document.root().object()->integer("z", 2, 5).error().message == "z: 1 is outside 2..5");
}

TEST_CASE("integers are whole numbers of 64 bits") {
  const auto document = parsed(R"([1.0, 1e3, 9223372036854775808, 1.5])");
  for (const JsonValue& value : *document.root().array()) {
    CHECK(!value.integer());
    CHECK(value.number());
  }
}

TEST_CASE("optional members may be absent or null, not of another kind") {
  const auto document = parsed(R"({"n":null,"s":"x"})");
  const auto root = document.root().object();
  CHECK(!root->optional_string("n")->has_value());
  CHECK(!root->optional_array("absent")->has_value());
  CHECK(root->optional_string("s")->value() == "x");
  CHECK(!root->optional_integer("s"));
  CHECK(!root->optional_object("s"));
}

TEST_CASE("text gives a value back without white space") {
  const auto document = parsed(R"({ "a" : [ 1, 0.25, "q\"\\" , true , null ] })");
  CHECK(document.root().text() == R"({"a":[1,0.25,"q\"\\",true,null]})");
}

TEST_CASE("a moved document keeps its views valid") {
  auto document = parsed(R"({"key":"value"})");
  const JsonValue root = document.root();
  const JsonDocument moved = std::move(document);
  CHECK(*root.object()->string("key") == "value");
}

TEST_CASE("text that is not JSON is refused") {
  for (const std::string_view text :
       {"", " ", "{", "[1,", "{\"a\":}", "[1]x", "\"\xff\"", "\"\\ud800\"", "nul", "01", "NaN",
        "{\"a\" 1}", "[1 2]", "99999999999999999999999", "\"unfinished"}) {
    INFO(text);
    const auto document = JsonDocument::parse(text);
    REQUIRE(!document);
    CHECK(document.error().code == ErrorCode::kInvalidFile);
    CHECK_THAT(document.error().message, StartsWith("not valid JSON: "));
  }
}

TEST_CASE("nesting has a limit") {
  const auto nested = [](std::size_t depth) {
    return std::string(depth, '[') + std::string(depth, ']');
  };
  CHECK(JsonDocument::parse(nested(kJsonDepthMax - 1)));
  CHECK(!JsonDocument::parse(nested(kJsonDepthMax + 1)));
  CHECK(!JsonDocument::parse(std::string(1'000'000, '[')));
}

TEST_CASE("every prefix of a document is refused without a crash") {
  const std::string text = R"({"a":[1,{"b":"\u00e9"}],"c":-1.5e3})";
  for (std::size_t size = 0; size < text.size(); ++size) {
    CHECK(!JsonDocument::parse(std::string_view(text).substr(0, size)));
  }
}
