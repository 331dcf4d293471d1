// Agreement with Hugging Face's tokenizers (tests/golden/tokenizer/make_goldens.py) and with the
// golden ids of the embedded model.
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/generators/catch_generators_range.hpp>

#include "support/tokenizer_files.h"
#include "tokenizer/stream_decoder.h"

using namespace tessera;
using namespace tessera::testing;

namespace {

std::string bytes_of_hexadecimal(std::string_view digits) {
  std::string bytes;
  for (std::size_t index = 0; index < digits.size(); index += 2) {
    bytes += static_cast<char>(std::stoi(std::string(digits.substr(index, 2)), nullptr, 16));
  }
  return bytes;
}

std::string text_of(const JsonObject& golden) {
  const auto hexadecimal = golden.optional_string("hex").value();
  if (hexadecimal) return bytes_of_hexadecimal(*hexadecimal);
  return std::string(golden.string("text").value());
}

// The member `key`, or, where it is left out because it is the same, `otherwise`.
std::vector<std::int32_t> ids_of(const JsonObject& golden, std::string_view key,
                                 const std::vector<std::int32_t>& otherwise = {}) {
  const auto values = golden.optional_array(key).value();
  return values ? read_ids(*values) : otherwise;
}

std::string streamed(const Tokenizer& tokenizer, const std::vector<std::int32_t>& ids,
                     bool skip_special) {
  StreamDecoder stream(tokenizer, skip_special);
  std::string text;
  for (const std::int32_t id : ids) text += stream.push(id);
  return text + stream.finish();
}

void check_encoding(const Tokenizer& tokenizer, const JsonObject& golden) {
  const std::string text = text_of(golden);
  const auto ids = ids_of(golden, "ids");
  CHECK(tokenizer.encode(text).value() == ids);
  CHECK(tokenizer.encode(text, {.add_special_tokens = true}).value() ==
        ids_of(golden, "ids_with_special", ids));
  CHECK(tokenizer.encode(text, {.parse_special_tokens = false}).value() ==
        ids_of(golden, "ids_plain", ids));
}

void check_decoding(const Tokenizer& tokenizer, const JsonObject& golden) {
  const auto ids = ids_of(golden, "ids");
  const std::string decoded(golden.string("decoded").value());
  const std::string shown(golden.optional_string("shown").value().value_or(decoded));
  CHECK(tokenizer.decode(ids) == decoded);
  CHECK(tokenizer.decode(ids, true) == shown);
  CHECK(streamed(tokenizer, ids, false) == decoded);
  CHECK(streamed(tokenizer, ids, true) == shown);
}

}  // namespace

TEST_CASE("ids and texts are those of Hugging Face's tokenizers in every style") {
  const std::string style =
      GENERATE(as<std::string>(), "gpt2", "prefixed", "smollm", "llama3", "qwen2", "llama2",
               "metaspace_first", "metaspace_always", "metaspace_never", "clip", "words");
  const auto tokenizer = golden_tokenizer(style);
  const auto document =
      JsonDocument::parse(source_file("tests/golden/tokenizer/" + style + "/cases.json")).value();
  const auto goldens = document.root().array().value();
  REQUIRE(goldens.size() > 50);
  for (const JsonValue& value : goldens) {
    const JsonObject golden = value.object().value();
    INFO(style << ": " << value.text());
    check_encoding(*tokenizer, golden);
    check_decoding(*tokenizer, golden);
  }
}

TEST_CASE("the embedded model's golden ids are met") {
  const auto tokenizer = tokenizer_from(source_file("tests/models/story15m/tokenizer.json"));
  CHECK(tokenizer->vocabulary_size() == 8192);
  const auto document =
      JsonDocument::parse(source_file("tests/models/story15m/tokenizer_golden.json")).value();
  for (const JsonValue& value : document.root().array().value()) {
    const JsonObject golden = value.object().value();
    const std::string text(golden.string("text").value());
    INFO(text);
    CHECK(tokenizer->encode(text).value() == read_ids(golden.array("ids").value()));
  }
}

TEST_CASE("a whole book comes back from its tokens unchanged") {
  const auto tokenizer = tokenizer_from(source_file("tests/models/story15m/tokenizer.json"));
  const std::string book = source_file("tests/models/story15m/val_books.txt");
  const auto ids = tokenizer->encode(book).value();
  CHECK(ids.size() < book.size() / 3);
  CHECK(tokenizer->decode(ids) == book);
}
