#include "tokenizer/stream_decoder.h"

#include <catch2/catch_test_macros.hpp>
#include <random>

#include "support/tokenizer_files.h"
#include "tokenizer/unicode.h"

using namespace tessera;
using namespace tessera::testing;

namespace {

std::vector<std::int32_t> ids_of_tokens(const Tokenizer& tokenizer,
                                        const std::vector<std::string>& tokens) {
  std::vector<std::int32_t> ids;
  for (const std::string& token : tokens) {
    INFO(token);
    REQUIRE(tokenizer.token_to_id(token).has_value());
    ids.push_back(*tokenizer.token_to_id(token));
  }
  return ids;
}

std::vector<std::string> deltas(const Tokenizer& tokenizer, const std::vector<std::int32_t>& ids) {
  StreamDecoder stream(tokenizer);
  std::vector<std::string> texts;
  for (const std::int32_t id : ids) texts.push_back(stream.push(id));
  texts.push_back(stream.finish());
  return texts;
}

}  // namespace

TEST_CASE("a character is emitted with the token that completes it") {
  const auto tokenizer = golden_tokenizer("smollm");
  const auto ids = ids_of_tokens(*tokenizer, {"a", "ð", "Ł", "Ļ", "Ĥ", "b"});
  CHECK(deltas(*tokenizer, ids) ==
        std::vector<std::string>{"a", "", "", "", "\U0001f642", "b", ""});
}

TEST_CASE("an unfinished character at the end becomes one U+FFFD") {
  const auto tokenizer = golden_tokenizer("smollm");
  const auto ids = ids_of_tokens(*tokenizer, {"a", "ð", "Ł", "Ļ"});
  CHECK(deltas(*tokenizer, ids) == std::vector<std::string>{"a", "", "", "", "\ufffd"});
  CHECK(tokenizer->decode(ids) == "a\ufffd");
}

TEST_CASE("a character that is broken off becomes U+FFFD at once") {
  const auto tokenizer = golden_tokenizer("smollm");
  const auto ids = ids_of_tokens(*tokenizer, {"ð", "Ł", "b"});
  CHECK(deltas(*tokenizer, ids) == std::vector<std::string>{"", "", "\ufffdb", ""});
}

TEST_CASE("a run of byte tokens waits for the token behind it") {
  const auto tokenizer = golden_tokenizer("llama2");
  const auto ids = ids_of_tokens(*tokenizer, {"▁the", "<0xE2>", "<0x82>", "<0xAC>", "▁", "<0x41>"});
  CHECK(deltas(*tokenizer, ids) == std::vector<std::string>{"the", "", "", "", "\u20ac ", "", "A"});
  const auto broken = ids_of_tokens(*tokenizer, {"<0xE2>", "<0x82>", "▁the"});
  CHECK(deltas(*tokenizer, broken) == std::vector<std::string>{"", "", "\ufffd\ufffd the", ""});
}

TEST_CASE("only the text's first space is taken away, and special tokens if asked to") {
  const auto tokenizer = golden_tokenizer("llama2");
  const auto ids = ids_of_tokens(*tokenizer, {"<s>", "▁the", "</s>", "▁the"});
  CHECK(deltas(*tokenizer, ids) == std::vector<std::string>{"", "the", "", " the", ""});
  CHECK(tokenizer->decode(ids) == "<s> the</s> the");
}

TEST_CASE("unknown ids add nothing") {
  const auto tokenizer = golden_tokenizer("gpt2");
  const std::vector<std::int32_t> ids = {-1, 1 << 30, tokenizer->vocabulary_size()};
  CHECK(deltas(*tokenizer, ids) == std::vector<std::string>{"", "", "", ""});
  CHECK(tokenizer->decode(ids).empty());
  CHECK(tokenizer->token_bytes(-1).empty());
}

TEST_CASE("deltas of random tokens are whole characters and add up to the decoded text") {
  for (const std::string style : {"gpt2", "llama2", "metaspace_first", "clip", "words"}) {
    const auto tokenizer = golden_tokenizer(style);
    std::mt19937 random(20240607);
    for (int round = 0; round < 200; ++round) {
      std::vector<std::int32_t> ids(random() % 40);
      for (std::int32_t& id : ids) {
        id = static_cast<std::int32_t>(random() %
                                       static_cast<unsigned>(tokenizer->vocabulary_size()));
      }
      std::string joined;
      for (const std::string& delta : deltas(*tokenizer, ids)) {
        CHECK(is_valid_utf8(delta));
        joined += delta;
      }
      INFO(style << ", round " << round);
      CHECK(joined == tokenizer->decode(ids, true));
    }
  }
}
