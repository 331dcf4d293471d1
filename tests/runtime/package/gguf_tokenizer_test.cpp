#include "package/gguf_tokenizer.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include "base/json.h"
#include "support/tiny_gguf.h"

using Catch::Matchers::ContainsSubstring;
using namespace tessera;

namespace {

Gguf read(const GgufBuilder& builder) {
  const std::vector<std::byte> bytes = builder.build();
  auto gguf = Gguf::read(MemorySource(bytes));
  REQUIRE(gguf);
  return std::move(*gguf);
}

JsonDocument tokenizer_of(const GgufBuilder& builder) {
  const auto json = gguf_tokenizer_json(read(builder));
  if (!json) FAIL(json.error().message);
  REQUIRE(json->has_value());
  auto document = JsonDocument::parse(**json);
  REQUIRE(document);
  return std::move(*document);
}

Error error_of(const GgufBuilder& builder) {
  const auto json = gguf_tokenizer_json(read(builder));
  REQUIRE(!json);
  return json.error();
}

// Pieces with scores as SentencePiece trains them: the better a piece, the higher its score.
GgufBuilder sentencepiece() {
  GgufBuilder builder;
  builder.string("tokenizer.ggml.model", "llama");
  builder.strings("tokenizer.ggml.tokens",
                  {"<unk>", "<s>", "</s>", "<0x41>", "\xe2\x96\x81", "a", "b", "ab",
                   "\xe2\x96\x81"
                   "a",
                   "\xe2\x96\x81"
                   "ab"});
  builder.i32s("tokenizer.ggml.token_type", {2, 3, 3, 6, 1, 1, 1, 1, 1, 1});
  builder.f32s("tokenizer.ggml.scores", {0, 0, 0, 0, -7, -5, -6, -2, -1, -3});
  builder.u32("tokenizer.ggml.bos_token_id", 1).u32("tokenizer.ggml.eos_token_id", 2);
  builder.u32("tokenizer.ggml.unknown_token_id", 0);
  return builder;
}

}  // namespace

TEST_CASE("a byte-level tokenizer keeps its vocabulary, merges and added tokens") {
  GgufBuilder builder;
  add_tiny_tokenizer(builder);
  const auto document = tokenizer_of(builder);
  const auto root = document.root().object();
  const auto model = root->object("model");
  CHECK(*model->string("type") == "BPE");
  CHECK(*model->object("vocab")->integer("abc") == 7);
  CHECK(*model->object("vocab")->integer("<|im_end|>") == 1);
  CHECK(!model->object("vocab")->find("[PAD10]"));
  const auto merges = model->array("merges");
  REQUIRE(merges->size() == 3);
  CHECK((*merges)[1].text() == R"(["ab","c"])");
  const auto added = root->array("added_tokens");
  REQUIRE(added->size() == 3);
  CHECK(*(*added)[1].object()->string("content") == "<|im_end|>");
  CHECK(*(*added)[1].object()->boolean("special"));
  CHECK(*(*added)[2].object()->string("content") == "<tool>");
  CHECK(!*(*added)[2].object()->boolean("special"));
  CHECK(root->find("post_processor")->is_null());
  CHECK(*root->object("pre_tokenizer")->string("type") == "ByteLevel");
  CHECK(*root->object("decoder")->string("type") == "ByteLevel");
}

TEST_CASE("the pre-tokenizer follows from its name") {
  const auto with_pre = [](std::string_view name) {
    GgufBuilder builder;
    builder.string("tokenizer.ggml.model", "gpt2").string("tokenizer.ggml.pre", name);
    builder.strings("tokenizer.ggml.tokens", {"a", "<s>"}).strings("tokenizer.ggml.merges", {});
    builder.i32s("tokenizer.ggml.token_type", {1, 3}).u32("tokenizer.ggml.bos_token_id", 1);
    return builder;
  };
  const auto smollm = tokenizer_of(with_pre("smollm"));
  CHECK_THAT(smollm.root().object()->find("pre_tokenizer")->text(),
             ContainsSubstring(R"("type":"Digits","individual_digits":true)"));
  const auto llama3 = tokenizer_of(with_pre("llama-bpe"));
  CHECK_THAT(llama3.root().object()->find("pre_tokenizer")->text(), ContainsSubstring("{1,3}"));
  CHECK(*llama3.root().object()->object("model")->boolean("ignore_merges"));
  CHECK_THAT(llama3.root().object()->find("post_processor")->text(), ContainsSubstring("<s>"));
  const auto qwen2 = tokenizer_of(with_pre("qwen2"));
  CHECK(*qwen2.root().object()->object("normalizer")->string("type") == "NFC");
  CHECK(qwen2.root().object()->find("post_processor")->is_null());
  CHECK(tokenizer_of(with_pre("default")).root().is_object());
  CHECK(error_of(with_pre("tekken")).code == ErrorCode::kUnsupported);
  CHECK_THAT(error_of(with_pre("tekken")).message, ContainsSubstring("\"tekken\""));
}

TEST_CASE("a beginning token is added where the file asks for it") {
  GgufBuilder builder;
  add_tiny_tokenizer(builder);
  builder.boolean("tokenizer.ggml.add_bos_token", true);
  builder.boolean("tokenizer.ggml.add_eos_token", true);
  const auto document = tokenizer_of(builder);
  const auto processor = document.root().object()->object("post_processor");
  CHECK(*processor->string("type") == "TemplateProcessing");
  const auto single = processor->array("single");
  REQUIRE(single->size() == 3);
  CHECK(*(*single)[0].object()->object("SpecialToken")->string("id") == "<|endoftext|>");
  CHECK(*(*single)[1].object()->object("Sequence")->string("id") == "A");
  CHECK((*processor->object("special_tokens")).members().size() == 1);
}

TEST_CASE("SentencePiece scores become merges, best piece first") {
  const auto document = tokenizer_of(sentencepiece());
  const auto root = document.root().object();
  const auto model = root->object("model");
  CHECK(*model->boolean("byte_fallback"));
  CHECK(*model->string("unk_token") == "<unk>");
  CHECK(*model->object("vocab")->integer("<0x41>") == 3);
  // "_a" scores -1, "ab" -2, "_ab" -3 and can be made of "_a b" or "_ ab".
  CHECK(model->find("merges")->text() ==
        "[[\"\xe2\x96\x81\",\"a\"],[\"a\",\"b\"],[\"\xe2\x96\x81"
        "a\",\"b\"],"
        "[\"\xe2\x96\x81\",\"ab\"]]");
  CHECK_THAT(root->find("normalizer")->text(), ContainsSubstring("Prepend"));
  CHECK_THAT(root->find("decoder")->text(), ContainsSubstring("ByteFallback"));
  CHECK_THAT(root->find("post_processor")->text(), ContainsSubstring("\"<s>\""));
  CHECK(root->array("added_tokens")->size() == 3);
}

TEST_CASE("damaged tokenizers are refused by name") {
  GgufBuilder lengths = sentencepiece();
  lengths.strings("tokenizer.ggml.merges", {});
  CHECK(tokenizer_of(lengths).root().is_object());
  GgufBuilder short_kinds;
  short_kinds.string("tokenizer.ggml.model", "gpt2").strings("tokenizer.ggml.tokens", {"a", "b"});
  short_kinds.i32s("tokenizer.ggml.token_type", {1}).strings("tokenizer.ggml.merges", {});
  CHECK_THAT(error_of(short_kinds).message, ContainsSubstring("different lengths"));
  GgufBuilder merge;
  merge.string("tokenizer.ggml.model", "gpt2").strings("tokenizer.ggml.tokens", {"a"});
  merge.strings("tokenizer.ggml.merges", {"ab"});
  CHECK_THAT(error_of(merge).message, ContainsSubstring("\"ab\" is no pair"));
  GgufBuilder id;
  id.string("tokenizer.ggml.model", "gpt2").strings("tokenizer.ggml.tokens", {"a"});
  id.strings("tokenizer.ggml.merges", {}).boolean("tokenizer.ggml.add_bos_token", true);
  id.u32("tokenizer.ggml.bos_token_id", 1);
  CHECK_THAT(error_of(id).message, ContainsSubstring("bos_token_id is 1, but there are 1 tokens"));
  GgufBuilder kind;
  kind.string("tokenizer.ggml.model", "bert");
  CHECK(error_of(kind).code == ErrorCode::kUnsupported);
  GgufBuilder tokens;
  tokens.string("tokenizer.ggml.model", "gpt2");
  CHECK_THAT(error_of(tokens).message, ContainsSubstring("tokenizer.ggml.tokens is missing"));
}

TEST_CASE("a file without a tokenizer has none") {
  const auto json = gguf_tokenizer_json(read(GgufBuilder()));
  REQUIRE(json);
  CHECK(!json->has_value());
}
