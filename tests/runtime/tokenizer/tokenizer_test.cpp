// The Tokenizer's own promises, on the golden styles; how it agrees with others is in
// tokenizer_golden_test.cpp.
#include "tokenizer/tokenizer.h"

#include <catch2/catch_test_macros.hpp>

#include "support/tokenizer_files.h"

using namespace tessera;
using namespace tessera::testing;

namespace {

using Ids = std::vector<std::int32_t>;

// A model that knows single characters only, with this beside it.
std::unique_ptr<Tokenizer> letters(const std::string& members) {
  return tokenizer_from(R"({"model":{"type":"BPE","merges":[],"unk_token":"?","vocab":)"
                        R"({"?":0,"a":1,"b":2,"c":3," ":4}},)" +
                        members + "}");
}

}  // namespace

TEST_CASE("tokens and ids name each other") {
  const auto tokenizer = golden_tokenizer("gpt2");
  const auto id = tokenizer->token_to_id("<|im_end|>");
  REQUIRE(id);
  CHECK(tokenizer->is_special(*id));
  CHECK(tokenizer->token_bytes(*id) == "<|im_end|>");
  CHECK(*tokenizer->token_to_id("Ġthe") == tokenizer->encode(" the").value().at(0));
  CHECK_FALSE(tokenizer->token_to_id("no such token"));
  CHECK_FALSE(tokenizer->token_to_id(""));
  CHECK_FALSE(tokenizer->is_special(*tokenizer->token_to_id("<both>")));
  CHECK_FALSE(tokenizer->is_special(-5));
}

TEST_CASE("a token's bytes are those it adds to a text") {
  const auto byte_level = golden_tokenizer("gpt2");
  CHECK(byte_level->token_bytes(*byte_level->token_to_id("Ġthe")) == " the");
  CHECK(byte_level->token_bytes(*byte_level->token_to_id("ð")) == "\xf0");
  const auto sentence_piece = golden_tokenizer("llama2");
  CHECK(sentence_piece->token_bytes(*sentence_piece->token_to_id("<0xF0>")) == "\xf0");
  CHECK(sentence_piece->token_bytes(*sentence_piece->token_to_id("▁the")) == " the");
  const auto metaspace = golden_tokenizer("metaspace_first");
  CHECK(metaspace->token_bytes(*metaspace->token_to_id("▁the")) == " the");
  const auto clip = golden_tokenizer("clip");
  CHECK(clip->token_bytes(*clip->token_to_id("the</w>")) == "the ");
}

TEST_CASE("the bytes of all tokens of a byte-level text are the text") {
  const auto tokenizer = golden_tokenizer("qwen2");
  const std::string text = "na\u00efve \U0001f642\n\n<|im_start|>  x";
  std::string bytes;
  for (const std::int32_t id : tokenizer->encode(text).value()) bytes += tokenizer->token_bytes(id);
  CHECK(bytes == text);
}

TEST_CASE("of added tokens that start together the longest is found") {
  const auto tokenizer = letters(
      R"("added_tokens":[{"id":10,"content":"ab","special":true},)"
      R"({"id":11,"content":"abc","special":true},{"id":12,"content":"abcab","special":true}])");
  CHECK(tokenizer->encode("abca").value() == Ids{11, 1});
  CHECK(tokenizer->encode("abcab").value() == Ids{12});
  CHECK(tokenizer->encode("abab").value() == Ids{10, 10});
  CHECK(tokenizer->encode("cb").value() == Ids{3, 2});
  CHECK(tokenizer->encode("abcaab", {.parse_special_tokens = false}).value() ==
        Ids{1, 2, 3, 1, 1, 2});
  CHECK(tokenizer->vocabulary_size() == 13);
}

TEST_CASE("an added token that the vocabulary knows keeps the vocabulary's id") {
  const auto tokenizer =
      letters(R"("added_tokens":[{"id":3,"content":"c","special":true},{"id":99,"content":"a"}])");
  CHECK(tokenizer->encode("ac").value() == Ids{1, 3});
  CHECK(tokenizer->is_special(3));
  CHECK(tokenizer->vocabulary_size() == 5);
}

TEST_CASE("an added token that normalizes to nothing is never found") {
  const auto tokenizer =
      letters(R"("normalizer":{"type":"Strip","strip_left":true,"strip_right":true},)"
              R"("added_tokens":[{"id":10,"content":"  ","normalized":true}])");
  CHECK(tokenizer->encode("  a  ").value() == Ids{1});
}

TEST_CASE("what surrounds a text is added once, whatever processors are in sequence") {
  const auto tokenizer =
      letters(R"("post_processor":{"type":"Sequence","processors":[{"type":"ByteLevel"},)"
              R"({"type":"BertProcessing","cls":["a",1],"sep":["b",2]},)"
              R"({"type":"RobertaProcessing","cls":["c",3],"sep":["?",0]}]})");
  CHECK(tokenizer->encode("ab").value() == Ids{1, 2});
  CHECK(tokenizer->encode("ab", {.add_special_tokens = true}).value() == Ids{3, 1, 1, 2, 2, 0});
  CHECK(tokenizer->encode("", {.add_special_tokens = true}).value() == Ids{3, 1, 2, 0});
}

TEST_CASE("delimiters go where the split behavior says") {
  const auto split = [](const std::string& behavior) {
    const auto tokenizer = tokenizer_from(
        R"({"pre_tokenizer":{"type":"Split","pattern":{"String":"-"},"invert":false,"behavior":")" +
        behavior +
        R"("},"model":{"type":"BPE","ignore_merges":true,"merges":[],"vocab":)"
        R"({"a":1,"-":2,"--":3,"a-":4,"-a":5,"-a-":6,"a--a":7,"---":8}}})");
    return tokenizer->encode("-a--a").value();
  };
  CHECK(split("Removed") == Ids{1, 1});
  CHECK(split("Isolated") == Ids{2, 1, 2, 2, 1});
  CHECK(split("MergedWithPrevious") == Ids{2, 4, 2, 1});
  CHECK(split("MergedWithNext") == Ids{5, 2, 5});
  CHECK(split("Contiguous") == Ids{2, 1, 3, 1});
}

TEST_CASE("a pattern that takes exponential time is an error of encode") {
  const auto tokenizer = letters(
      R"("pre_tokenizer":{"type":"Split","pattern":{"Regex":"(?:a|a|a?b)+c"},"behavior":"Isolated"})");
  CHECK(tokenizer->encode("aab").value().size() == 3);
  const auto ids = tokenizer->encode(std::string(500, 'a'));
  REQUIRE_FALSE(ids);
  CHECK(ids.error().code == ErrorCode::kUnsupported);
}

TEST_CASE("a megabyte without any boundary is encoded as one word") {
  const auto tokenizer = golden_tokenizer("llama2");
  std::string text;
  while (text.size() < 1'000'000) text += "the letter ";
  const auto ids = tokenizer->encode(text).value();
  CHECK(ids.size() < text.size() / 2);
  CHECK(tokenizer->decode(ids) == text);
}
