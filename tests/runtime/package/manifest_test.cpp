#include "package/manifest.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <string>

using Catch::Matchers::ContainsSubstring;
using namespace tessera;

namespace {

Manifest small_manifest() {
  Manifest manifest;
  manifest.name = "tiny \"one\"";
  manifest.architecture = "llama";
  manifest.configuration_json = R"({"hidden_size":32,"rope_theta":10000.0})";
  manifest.generation_json = R"({"end_token_ids":[2]})";
  manifest.special_tokens_json = R"({"bos_token":"<s>"})";
  manifest.chat_template = "{% for m in messages %}\n\"x\"{% endfor %}";
  manifest.tokenizer_shard = 0;
  manifest.shards = {{std::string(64, 'a'), 100, "tokenizer", 0},
                     {std::string(64, 'b'), 272, "language_model", 1},
                     {std::string(64, '0'), 400, "language_model", -2}};
  manifest.tensors = {{"model.embed_tokens.weight", DataType::kQ8, Shape{8, 32}, {{1, 0, 272}}},
                      {"model.norm.weight", DataType::kF32, Shape{32}, {{2, 0, 64}, {2, 100, 64}}}};
  return manifest;
}

std::string replaced(std::string text, std::string_view from, std::string_view to) {
  const std::size_t at = text.find(from);
  REQUIRE(at != std::string::npos);
  return text.replace(at, from.size(), to);
}

// Parses the small manifest with one replacement, and returns the error.
Error error_after(std::string_view from, std::string_view to) {
  const auto manifest = parse_manifest(replaced(write_manifest(small_manifest()), from, to));
  REQUIRE(!manifest);
  return manifest.error();
}

}  // namespace

TEST_CASE("a written manifest reads back to the same value") {
  const Manifest expected = small_manifest();
  const std::string text = write_manifest(expected);
  const auto manifest = parse_manifest(text);
  REQUIRE(manifest);
  CHECK(manifest->name == expected.name);
  CHECK(manifest->architecture == "llama");
  CHECK(manifest->configuration_json == expected.configuration_json);
  CHECK(manifest->generation_json == expected.generation_json);
  CHECK(manifest->special_tokens_json == expected.special_tokens_json);
  CHECK(manifest->chat_template == expected.chat_template);
  CHECK(manifest->tokenizer_shard == 0u);
  REQUIRE(manifest->shards.size() == 3);
  CHECK(manifest->shards[2].sha256 == std::string(64, '0'));
  CHECK(manifest->shards[2].priority == -2);
  CHECK(manifest->shards[1].component == "language_model");
  const TensorEntry* norm = manifest->find_tensor("model.norm.weight");
  REQUIRE(norm != nullptr);
  CHECK(norm->type == DataType::kF32);
  CHECK(norm->shape == Shape{32});
  REQUIRE(norm->parts.size() == 2);
  CHECK(norm->parts[1].offset == 100);
  CHECK(manifest->find_tensor("model.norm") == nullptr);
  CHECK(write_manifest(*manifest) == text);
}

TEST_CASE("a manifest needs neither a tokenizer nor a chat template") {
  Manifest bare = small_manifest();
  bare.tokenizer_shard.reset();
  bare.chat_template.reset();
  const auto manifest = parse_manifest(write_manifest(bare));
  REQUIRE(manifest);
  CHECK(!manifest->tokenizer_shard);
  CHECK(!manifest->chat_template);
}

TEST_CASE("another format or version is refused") {
  CHECK(error_after("tessera-package", "zip").code == ErrorCode::kInvalidFile);
  const Error version = error_after("\"version\":1", "\"version\":2");
  CHECK(version.code == ErrorCode::kUnsupported);
  CHECK_THAT(version.message, ContainsSubstring("version 2"));
}

TEST_CASE("a tensor's parts lie inside their shards and add up to its size") {
  CHECK_THAT(error_after("\"offset\":100", "\"offset\":337").message,
             ContainsSubstring("tensors[1].parts[1]: ends at byte 401 of shard 2, which has 400"));
  CHECK_THAT(error_after("\"size_bytes\":64}", "\"size_bytes\":60}").message,
             ContainsSubstring("tensors[1]"));
  CHECK_THAT(error_after("\"shape\":[32]", "\"shape\":[31]").message,
             ContainsSubstring("takes 124 bytes"));
  CHECK_THAT(error_after("\"shard\":2,\"offset\":0", "\"shard\":3,\"offset\":0").message,
             ContainsSubstring("tensors[1].parts[0].shard: 3 is outside 0..2"));
}

TEST_CASE("sizes out of the ordinary are refused by name") {
  CHECK_THAT(error_after("\"shape\":[32]", "\"shape\":[1099511627776,1099511627776]").message,
             ContainsSubstring("tensors[1]"));
  CHECK_THAT(error_after("\"shape\":[32]", "\"shape\":[0]").message,
             ContainsSubstring("tensors[1].shape[0]: 0 is outside"));
  CHECK_THAT(error_after("\"shape\":[32]", "\"shape\":[1,1,1,1,32]").message,
             ContainsSubstring("\"shape\" must have 1..4 extents"));
  CHECK_THAT(error_after("\"shape\":[32]", "\"shape\":[-32]").message,
             ContainsSubstring("tensors[1].shape[0]"));
  CHECK_THAT(error_after("\"size_bytes\":400", "\"size_bytes\":67108865").message,
             ContainsSubstring("shards[2].size_bytes"));
  CHECK_THAT(error_after("\"size_bytes\":400", "\"size_bytes\":18446744073709551615").message,
             ContainsSubstring("shards[2].size_bytes: expected an integer"));
  CHECK_THAT(error_after("\"offset\":100", "\"offset\":9223372036854775807").message,
             ContainsSubstring("tensors[1].parts[1].offset"));
  CHECK_THAT(parse_manifest(std::string(kManifestSizeBytesMax + 1, ' ')).error().message,
             ContainsSubstring("at most"));
}

TEST_CASE("names, types, hashes and indices are checked") {
  CHECK_THAT(error_after("model.norm.weight", "model.embed_tokens.weight").message,
             ContainsSubstring("tensors[1]: a second tensor named \"model.embed_tokens.weight\""));
  CHECK_THAT(error_after("model.norm.weight", "").message, ContainsSubstring("tensors[1].name"));
  CHECK_THAT(error_after("\"q8\"", "\"q9\"").message,
             ContainsSubstring("tensors[0]: unknown type \"q9\""));
  CHECK_THAT(error_after("\"shape\":[8,32]", "\"shape\":[256]").message,
             ContainsSubstring("tensors[0]: type q8 needs a matrix"));
  CHECK_THAT(error_after(std::string(64, 'a'), std::string(64, 'A')).message,
             ContainsSubstring("shards[0]"));
  CHECK_THAT(error_after(std::string(64, 'a'), std::string(63, 'a')).message,
             ContainsSubstring("shards[0]"));
  CHECK_THAT(error_after(std::string(64, 'a'), "../../../../etc/passwd").message,
             ContainsSubstring("shards[0]"));
  CHECK_THAT(error_after(std::string(64, 'a'), std::string(64, 'b')).message,
             ContainsSubstring("shards[1]: the same sha256"));
  CHECK_THAT(error_after("\"tokenizer\":{\"shard\":0}", "\"tokenizer\":{\"shard\":3}").message,
             ContainsSubstring("tokenizer.shard: 3 is outside 0..2"));
  CHECK_THAT(error_after("\"tensors\":[", "\"tensors\":[7,").message,
             ContainsSubstring("tensors[0]: expected an object"));
}

TEST_CASE("a tensor of few bits whose bytes are too many or too few is refused by name") {
  for (const char* type : {"\"q4s\"", "\"q3\"", "\"q2\""}) {
    CHECK_THAT(error_after("\"q8\"", type).message,
               ContainsSubstring("\"model.embed_tokens.weight\" of type q") &&
                   ContainsSubstring("its parts do not"));
  }
}

TEST_CASE("low-bit tensors of another layout, or of none that is named, are refused by name") {
  Manifest manifest = small_manifest();
  CHECK(write_manifest(manifest).find("low_bit_layout") == std::string::npos);
  manifest.tensors[0].type = DataType::kQ2;
  manifest.tensors[0].parts = {{1, 0, 76}};
  const std::string text = write_manifest(manifest);
  REQUIRE(parse_manifest(text));
  for (const char* other : {"", "\"low_bit_layout\":2,", "\"low_bit_layout\":4,"}) {
    const auto parsed = parse_manifest(replaced(text, "\"low_bit_layout\":3,", other));
    REQUIRE(!parsed);
    CHECK(parsed.error().code == ErrorCode::kUnsupported);
    CHECK_THAT(parsed.error().message,
               ContainsSubstring("\"model.embed_tokens.weight\" of type q2") &&
                   ContainsSubstring("convert the model again"));
  }
}

TEST_CASE("q3 is read in the layout before, in which it was the same, and in no other") {
  Manifest manifest = small_manifest();
  manifest.tensors[0].type = DataType::kQ3;
  manifest.tensors[0].parts = {{1, 0, 112}};
  const std::string text = write_manifest(manifest);
  const auto with = [&](const char* layout) {
    return parse_manifest(replaced(text, "\"low_bit_layout\":3,", layout));
  };
  CHECK(with("\"low_bit_layout\":3,"));
  CHECK(with("\"low_bit_layout\":2,"));
  for (const char* other : {"", "\"low_bit_layout\":1,", "\"low_bit_layout\":4,"}) {
    REQUIRE(!with(other));
    CHECK_THAT(with(other).error().message,
               ContainsSubstring("\"model.embed_tokens.weight\" of type q3"));
  }
}

TEST_CASE("how a model was quantized comes back as it was written, and is absent where it is not") {
  Manifest manifest = small_manifest();
  CHECK(write_manifest(manifest).find("quantization") == std::string::npos);
  manifest.quantization_json = R"({"method":"rounding","tensors":[]})";
  const auto parsed = parse_manifest(write_manifest(manifest));
  REQUIRE(parsed);
  CHECK(parsed->quantization_json == manifest.quantization_json);
  CHECK(write_manifest(*parsed) == write_manifest(manifest));
}

TEST_CASE("the sizes of a packed kv cache's rows come back, and are checked") {
  Manifest manifest = small_manifest();
  CHECK(write_manifest(manifest).find("kv_cache") == std::string::npos);
  manifest.kv_rows = {{KvType::k4, {{36, 36}, {36, 35}}}, {KvType::k2, {{18, 20}, {17, 257}}}};
  const std::string text = write_manifest(manifest);
  const auto parsed = parse_manifest(text);
  REQUIRE(parsed);
  CHECK(parsed->kv_rows == manifest.kv_rows);
  const auto refusal = [&](std::string_view from, std::string_view to) {
    const auto result = parse_manifest(replaced(text, from, to));
    REQUIRE(!result);
    return result.error().message;
  };
  CHECK_THAT(refusal("257", "258"), ContainsSubstring("258 is outside 1..257"));
  CHECK_THAT(refusal("[18,20]", "[18,0]"), ContainsSubstring("0 is outside 1..257"));
  CHECK_THAT(refusal("[18,20]", "[18]"),
             ContainsSubstring("must be the bytes of a key and those of a value"));
  CHECK_THAT(refusal("\"row_bytes\":{", "\"row_bytes\":7,\"x\":{"), ContainsSubstring("row_bytes"));
}

TEST_CASE("every truncation of a manifest is refused") {
  const std::string text = write_manifest(small_manifest());
  for (std::size_t size = 0; size < text.size(); ++size) {
    CHECK(!parse_manifest(text.substr(0, size)));
  }
}

TEST_CASE("a manifest with flipped bits is refused or stays consistent") {
  const std::string text = write_manifest(small_manifest());
  for (std::size_t bit = 0; bit < text.size() * 8; ++bit) {
    std::string flipped = text;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << (bit % 8)));
    const auto manifest = parse_manifest(flipped);
    if (!manifest) continue;
    for (const TensorEntry& tensor : manifest->tensors) {
      std::uint64_t size_bytes = 0;
      for (const TensorPart& part : tensor.parts) {
        REQUIRE(part.shard < manifest->shards.size());
        REQUIRE(part.offset + part.size_bytes <= manifest->shards[part.shard].size_bytes);
        size_bytes += part.size_bytes;
      }
      REQUIRE(*tensor_size_bytes(tensor.type, tensor.shape) == size_bytes);
    }
  }
}
