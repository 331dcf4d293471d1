// Tokenizers made from GGUF metadata, put to use.
#include <catch2/catch_test_macros.hpp>

#include "package/gguf_tokenizer.h"
#include "support/tiny_gguf.h"
#include "tokenizer/tokenizer.h"

using namespace tessera;

namespace {

using Ids = std::vector<std::int32_t>;

std::unique_ptr<Tokenizer> tokenizer_of(const GgufBuilder& builder) {
  const std::vector<std::byte> bytes = builder.build();
  const auto gguf = Gguf::read(MemorySource(bytes));
  REQUIRE(gguf);
  const auto json = gguf_tokenizer_json(*gguf);
  if (!json) FAIL(json.error().message);
  REQUIRE(json->has_value());
  auto tokenizer = Tokenizer::from_json(**json);
  if (!tokenizer) FAIL(tokenizer.error().message);
  return std::move(*tokenizer);
}

GgufBuilder sentencepiece(bool adds_space) {
  GgufBuilder builder;
  builder.string("tokenizer.ggml.model", "llama");
  builder.strings("tokenizer.ggml.tokens", {"<unk>", "<s>", "</s>", "<0x41>", "<0xC3>", "<0xA9>",
                                            "\xe2\x96\x81", "a", "b", "ab",
                                            "\xe2\x96\x81"
                                            "a",
                                            "\xe2\x96\x81"
                                            "ab",
                                            "<turn>"});
  builder.i32s("tokenizer.ggml.token_type", {2, 3, 3, 6, 6, 6, 1, 1, 1, 1, 1, 1, 4});
  builder.f32s("tokenizer.ggml.scores", {0, 0, 0, 0, 0, 0, -7, -5, -6, -2, -1, -3, 0});
  builder.u32("tokenizer.ggml.bos_token_id", 1).u32("tokenizer.ggml.eos_token_id", 2);
  builder.u32("tokenizer.ggml.unknown_token_id", 0);
  builder.boolean("tokenizer.ggml.add_space_prefix", adds_space);
  return builder;
}

}  // namespace

TEST_CASE("a byte-level GGUF tokenizer merges, and recognizes added tokens") {
  GgufBuilder builder;
  add_tiny_tokenizer(builder);
  const auto tokenizer = tokenizer_of(builder);
  CHECK(tokenizer->encode("abc a").value() == Ids{7, 8});
  CHECK(tokenizer->encode("ab<|im_end|>c<tool>").value() == Ids{6, 1, 4, 9});
  CHECK(tokenizer->decode(Ids{7, 8, 9}) == "abc a<tool>");
  CHECK(tokenizer->is_special(1));
  CHECK(!tokenizer->is_special(9));
}

TEST_CASE("a SentencePiece GGUF tokenizer merges by score and falls back to bytes") {
  const auto tokenizer = tokenizer_of(sentencepiece(true));
  CHECK(tokenizer->encode("ab").value() == Ids{11});
  CHECK(tokenizer->encode("ab ab").value() == Ids{11, 11});
  CHECK(tokenizer->encode("bab").value() == Ids{6, 8, 9});
  CHECK(tokenizer->encode("aA\xc3\xa9").value() == Ids{10, 3, 4, 5});
  CHECK(tokenizer->decode(Ids{11, 3, 4, 5, 11}) == "abA\xc3\xa9 ab");
  CHECK(tokenizer->encode("ab", {.add_special_tokens = true}).value() == Ids{1, 11});
  CHECK(tokenizer_of(sentencepiece(false))->encode("ab").value() == Ids{9});
}

TEST_CASE("every pre-tokenizer of the table is one that the tokenizer can run") {
  for (const std::string_view name : {"default", "gpt-2", "smollm", "starcoder", "llama-bpe",
                                      "llama3", "llama-v3", "qwen2", "deepseek-r1-qwen"}) {
    INFO(name);
    GgufBuilder builder;
    builder.string("tokenizer.ggml.model", "gpt2").string("tokenizer.ggml.pre", name);
    builder.strings("tokenizer.ggml.tokens", {"a", "1", "2", "12", "\xc4\xa0", "."});
    builder.strings("tokenizer.ggml.merges", {"1 2"});
    const auto tokenizer = tokenizer_of(builder);
    const bool splits_digits =
        name == "smollm" || name == "starcoder" || name.ends_with("qwen") || name == "qwen2";
    const Ids expected = splits_digits ? Ids{0, 1, 2, 5} : Ids{0, 3, 5};
    CHECK(tokenizer->encode("a12.").value() == expected);
  }
}
