// What Tokenizer::from_json says about files that are damaged, inconsistent or of another kind.
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <random>

#include "support/tokenizer_files.h"
#include "tokenizer/unicode.h"

using Catch::Matchers::ContainsSubstring;
using namespace tessera;
using namespace tessera::testing;

namespace {

constexpr std::string_view kVocabulary = R"("vocab":{"a":0,"b":1,"ab":2,"<unk>":3})";

// A tokenizer.json with this inside "model" behind its type, and these members beside it.
std::string file_with(std::string_view model, std::string_view members = "") {
  std::string json = R"({"version":"1.0",)" + std::string(members);
  if (!members.empty()) json += ",";
  return json + R"("model":{"type":"BPE",)" + std::string(model) + "}}";
}

std::string with_part(std::string_view part) {
  return file_with(std::string(kVocabulary) + R"(,"merges":["a b"])", part);
}

Error error_of(std::string_view json) {
  const auto tokenizer = Tokenizer::from_json(json);
  INFO(json);
  REQUIRE_FALSE(tokenizer);
  INFO(tokenizer.error().message);
  CHECK_FALSE(tokenizer.error().message.empty());
  return tokenizer.error();
}

void check_unsupported(std::string_view json, const std::string& named) {
  const Error error = error_of(json);
  CHECK(error.code == ErrorCode::kUnsupported);
  CHECK_THAT(error.message, ContainsSubstring(named));
}

void check_invalid(std::string_view json, const std::string& named) {
  const Error error = error_of(json);
  CHECK(error.code == ErrorCode::kInvalidFile);
  CHECK_THAT(error.message, ContainsSubstring(named));
}

// Whatever a damaged file still loads as must work without crashing.
void use(std::string_view json) {
  const auto tokenizer = Tokenizer::from_json(json);
  if (!tokenizer) {
    CHECK_FALSE(tokenizer.error().message.empty());
    return;
  }
  const auto ids = (*tokenizer)->encode("Hello <|im_start|> w\u00f6rld 123 \U0001f642\xff", {});
  if (ids) CHECK(is_valid_utf8((*tokenizer)->decode(*ids)));
}

}  // namespace

TEST_CASE("a minimal file works, with merges in either notation and no type") {
  for (const std::string merges : {R"(["a b"])", R"([["a","b"]])"}) {
    const auto tokenizer =
        tokenizer_from(file_with(std::string(kVocabulary) + R"(,"merges":)" + merges));
    CHECK(tokenizer->encode("abba").value() == std::vector<std::int32_t>{2, 1, 0});
    CHECK(tokenizer->decode(std::vector<std::int32_t>{2, 1}) == "ab b");  // no decoder: joined
  }
  const auto untyped = tokenizer_from(R"({"model":{"merges":[],"vocab":{"a":5}}})");
  CHECK(untyped->encode("aa").value() == std::vector<std::int32_t>{5, 5});
  CHECK(untyped->vocabulary_size() == 6);
}

TEST_CASE("merges before the vocabulary and unknown members do no harm") {
  const auto tokenizer = tokenizer_from(
      R"({"model":{"merges":[["a","b"]],"vocab":{"ab":7,"b":1,"a":0},"type":"BPE","x":{"y":[1]}},)"
      R"("truncation":{"max_length":1},"future":[{}],"added_tokens":[]})");
  CHECK(tokenizer->encode("ab").value() == std::vector<std::int32_t>{7});
}

TEST_CASE("what is not implemented is named") {
  check_unsupported(R"({"model":{"type":"Unigram","vocab":[["a",-1.5]],"unk_id":0}})",
                    "\"Unigram\"");
  check_unsupported(R"({"model":{"type":"WordPiece","vocab":{"a":0}}})", "\"WordPiece\"");
  check_unsupported(with_part(R"("normalizer":{"type":"Precompiled"})"), "\"Precompiled\"");
  check_unsupported(with_part(R"("pre_tokenizer":{"type":"UnicodeScripts"})"),
                    "\"UnicodeScripts\"");
  check_unsupported(with_part(R"("post_processor":{"type":"New"})"), "\"New\"");
  check_unsupported(with_part(R"("decoder":{"type":"CTC"})"), "\"CTC\"");
  check_unsupported(
      with_part(
          R"("pre_tokenizer":{"type":"Split","pattern":{"Regex":"\\p{Han}+"},"behavior":"Isolated"})"),
      "\\p{Han}+");
  check_unsupported(file_with(std::string(kVocabulary) + R"(,"merges":[],"dropout":0.1)"),
                    "dropout");
}

TEST_CASE("what is missing or wrong is named with its place") {
  check_invalid("", "JSON");
  check_invalid("[]", "object");
  check_invalid("{}", "\"model\" is missing");
  check_invalid(R"({"model":null})", "model");
  check_invalid(R"({"model":{}})", "\"type\" is missing");
  check_invalid(R"({"model":{"type":7}})", "model");
  check_invalid(file_with(R"("merges":[])"), "\"vocab\" is missing");
  check_invalid(file_with(kVocabulary), "\"merges\" is missing");
  check_invalid(file_with(R"("vocab":[],"merges":[])"), "vocab");
  check_invalid(file_with(R"("vocab":{"a":"0"},"merges":[])"), "\"a\"");
  check_invalid(file_with(R"("vocab":{"a":1.5},"merges":[])"), "\"a\"");
  check_invalid(file_with(R"("vocab":{"a":-1},"merges":[])"), "-1");
  check_invalid(file_with(R"("vocab":{"a":4000000000},"merges":[])"), "4000000000");
  check_invalid(file_with(R"("vocab":{"a":0,"b":0},"merges":[])"), "same id 0");
  check_invalid(file_with(R"("vocab":{"a":0,"a":1},"merges":[])"), "\"a\" occurs twice");
  check_invalid(file_with(std::string(kVocabulary) + R"(,"merges":["ab"])"), "\"ab\"");
  check_invalid(file_with(std::string(kVocabulary) + R"(,"merges":["a b c"])"), "\"a b c\"");
  check_invalid(file_with(std::string(kVocabulary) + R"(,"merges":[["a"]])"), "pair");
  check_invalid(file_with(std::string(kVocabulary) + R"(,"merges":[["a","b","a"]])"), "two");
  check_invalid(file_with(std::string(kVocabulary) + R"(,"merges":["a x"])"), "\"x\"");
  check_invalid(file_with(std::string(kVocabulary) + R"(,"merges":["b a"])"), "\"ba\"");
  check_invalid(with_part(R"("pre_tokenizer":{"type":"Split","behavior":"Isolated"})"), "pattern");
  check_invalid(
      with_part(
          R"("pre_tokenizer":{"type":"Split","pattern":{"Regex":"(a"},"behavior":"Isolated"})"),
      "\"(a\"");
  check_invalid(
      with_part(
          R"("pre_tokenizer":{"type":"Split","pattern":{"String":""},"behavior":"Isolated"})"),
      "empty");
  check_invalid(with_part(R"("decoder":{"type":"Metaspace","replacement":"ab"})"), "replacement");
  check_invalid(with_part(R"("added_tokens":[{"id":1,"content":"x"}])"),
                "\"x\" has the id 1 of \"b\"");
  check_invalid(with_part(R"("added_tokens":[{"id":9,"content":"x"},{"id":9,"content":"y"}])"),
                "same id");
  check_invalid(with_part(R"("added_tokens":[{"id":-9,"content":"x"}])"), "added_tokens");
  check_invalid(with_part(R"("post_processor":{"type":"TemplateProcessing","single":[)"
                          R"({"SpecialToken":{"id":"<s>"}}],"special_tokens":{}})"),
                "<s>");
}

TEST_CASE("an unknown token that is not in the vocabulary is an error once it is needed") {
  const auto tokenizer =
      tokenizer_from(file_with(std::string(kVocabulary) + R"(,"merges":[],"unk_token":"[UNK]")"));
  CHECK(tokenizer->encode("ab").value().size() == 2);
  const auto ids = tokenizer->encode("axb");
  REQUIRE_FALSE(ids);
  CHECK_THAT(ids.error().message, ContainsSubstring("[UNK]"));
}

TEST_CASE("every truncation of a file is an error") {
  const std::string json = source_file("tests/golden/tokenizer/llama3/tokenizer.json");
  const std::size_t end = json.rfind('}');
  for (std::size_t size = 0; size <= end; size += size < end - 200 ? 97 : 1) {
    CHECK_FALSE(Tokenizer::from_json(std::string_view(json).substr(0, size)));
  }
  CHECK_FALSE(Tokenizer::from_json(json + "x"));
  CHECK_FALSE(Tokenizer::from_json(json + "{}"));
}

TEST_CASE("flipped bits give an error or a tokenizer that works") {
  for (const std::string style : {"llama3", "llama2", "clip"}) {
    const std::string json = source_file("tests/golden/tokenizer/" + style + "/tokenizer.json");
    std::mt19937 random(99);
    for (int round = 0; round < 400; ++round) {
      std::string damaged = json;
      // Half of the flips hit the beginning, where the structure is.
      const std::size_t range = round % 2 == 0 ? 3000 : json.size();
      damaged[random() % range] ^= static_cast<char>(1u << (random() % 8));
      use(damaged);
    }
  }
}

TEST_CASE("deep nesting is an error") {
  const std::string deep = std::string(100'000, '[') + std::string(100'000, ']');
  CHECK_FALSE(Tokenizer::from_json(R"({"model":)" + deep + "}"));
  CHECK_FALSE(Tokenizer::from_json(with_part(R"("normalizer":)" + deep)));
  std::string sequence = R"({"type":"NFC"})";
  for (int depth = 0; depth < 200; ++depth) {
    sequence = R"({"type":"Sequence","normalizers":[)" + sequence + "]}";
  }
  CHECK_FALSE(Tokenizer::from_json(with_part(R"("normalizer":)" + sequence)));
}
