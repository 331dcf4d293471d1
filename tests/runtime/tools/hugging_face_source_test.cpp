#include "package/hugging_face_source.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include "base/json.h"
#include "support/gguf_builder.h"
#include "support/temporary_directory.h"

using Catch::Matchers::ContainsSubstring;
using namespace tessera;

namespace {

constexpr std::string_view kConfig = R"({"model_type":"llama","eos_token_id":2})";

std::vector<std::byte> safetensors(std::string_view header, const std::vector<float>& data) {
  return Bytes().string(header).raw(bytes_of(data)).get();
}

const std::vector<std::byte> kOneTensor =
    safetensors(R"({"w":{"dtype":"F32","shape":[2,2],"data_offsets":[0,16]}})", {1, 2, 3, 4});

std::string error_of(const TemporaryDirectory& directory) {
  const auto source = HuggingFaceSource::open(directory.path(), "x");
  REQUIRE(!source);
  return source.error().message;
}

ModelDescription description_of(const TemporaryDirectory& directory) {
  auto description = read_hugging_face_description(directory.path(), "x");
  if (!description) FAIL(description.error().message);
  return std::move(*description);
}

}  // namespace

TEST_CASE("a folder with one safetensors file gives its tensors") {
  const TemporaryDirectory directory;
  directory.write("config.json", kConfig);
  directory.write("model.safetensors", kOneTensor);
  const auto source = HuggingFaceSource::open(directory.path(), "tiny");
  REQUIRE(source);
  CHECK((*source)->description().name == "tiny");
  CHECK((*source)->description().architecture == "llama");
  CHECK((*source)->description().configuration_json == kConfig);
  CHECK(!(*source)->description().tokenizer_json);
  REQUIRE((*source)->tensors().size() == 1);
  std::vector<float> row(2);
  REQUIRE((*source)->read_rows(0, 1, std::as_writable_bytes(std::span(row))));
  CHECK(row == std::vector<float>{3, 4});
}

TEST_CASE("a sharded checkpoint is read through its index") {
  const TemporaryDirectory directory;
  directory.write("config.json", kConfig);
  directory.write("model-1.safetensors", kOneTensor);
  directory.write("model-2.safetensors",
                  safetensors(R"({"v":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},)"
                              R"("unlisted":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}})",
                              {5, 6}));
  directory.write("model.safetensors.index.json",
                  R"({"weight_map":{"v":"model-2.safetensors","w":"model-1.safetensors"}})");
  const auto source = HuggingFaceSource::open(directory.path(), "x");
  REQUIRE(source);
  REQUIRE((*source)->tensors().size() == 2);
  std::vector<float> value(1);
  for (std::size_t i = 0; i < 2; ++i) {
    if ((*source)->tensors()[i].name != "v") continue;
    REQUIRE((*source)->read_rows(i, 0, std::as_writable_bytes(std::span(value))));
    CHECK(value[0] == 5);
  }
}

TEST_CASE("an index that does not fit its files is refused") {
  const TemporaryDirectory directory;
  directory.write("config.json", kConfig);
  directory.write("model-1.safetensors", kOneTensor);
  const auto with_index = [&](std::string_view index) {
    directory.write("model.safetensors.index.json", index);
    return error_of(directory);
  };
  CHECK_THAT(with_index(R"({"weight_map":{"other":"model-1.safetensors"}})"),
             ContainsSubstring("tensor other is missing"));
  CHECK_THAT(with_index(R"({"weight_map":{"w":"model-9.safetensors"}})"),
             ContainsSubstring("model-9.safetensors"));
  CHECK_THAT(with_index(R"({"weight_map":{"w":"../model-1.safetensors"}})"),
             ContainsSubstring("weight_map.w"));
  CHECK_THAT(with_index(R"({"weight_map":{"w":3}})"), ContainsSubstring("weight_map.w"));
  CHECK_THAT(with_index("{"), ContainsSubstring("not valid JSON"));
}

TEST_CASE("a folder without a model says what is missing") {
  const TemporaryDirectory directory;
  CHECK_THAT(error_of(directory), ContainsSubstring("no config.json"));
  directory.write("config.json", kConfig);
  CHECK_THAT(error_of(directory), ContainsSubstring("neither model.safetensors nor"));
  directory.write("config.json", "{\"model_type\":7}");
  CHECK_THAT(error_of(directory), ContainsSubstring("config.json: model_type"));
  directory.write("config.json", "[]");
  CHECK_THAT(error_of(directory), ContainsSubstring("config.json: document: expected an object"));
}

TEST_CASE("tensors of integers, and only they, cannot be converted") {
  const TemporaryDirectory directory;
  directory.write("config.json", kConfig);
  directory.write("model.safetensors",
                  safetensors(R"({"q":{"dtype":"I32","shape":[1],"data_offsets":[0,4]}})", {0}));
  CHECK_THAT(error_of(directory), ContainsSubstring("tensor q has elements of type I32"));
}

TEST_CASE("cached frequencies and the copy of a tied embedding are left out") {
  const TemporaryDirectory directory;
  directory.write("config.json", R"({"model_type":"llama","tie_word_embeddings":true})");
  directory.write(
      "model.safetensors",
      safetensors(
          R"({"lm_head.weight":{"dtype":"F32","shape":[1,1],"data_offsets":[0,4]},)"
          R"("model.layers.0.self_attn.rotary_emb.inv_freq":{"dtype":"F32","shape":[1],"data_offsets":[4,8]},)"
          R"("model.norm.weight":{"dtype":"F32","shape":[1],"data_offsets":[8,12]}})",
          {1, 2, 3}));
  const auto source = HuggingFaceSource::open(directory.path(), "x");
  REQUIRE(source);
  REQUIRE((*source)->tensors().size() == 1);
  CHECK((*source)->tensors()[0].name == "model.norm.weight");
}

TEST_CASE("end tokens are those that any of the files names") {
  const TemporaryDirectory directory;
  directory.write("config.json", kConfig);
  CHECK(description_of(directory).generation_json == R"({"end_token_ids":[2]})");
  directory.write("generation_config.json",
                  R"({"eos_token_id":[7,2],"temperature":0.25,"top_k":20,"do_sample":true})");
  directory.write("tokenizer_config.json",
                  R"({"eos_token":{"content":"<|im_end|>"},"bos_token":"<s>"})");
  directory.write("tokenizer.json", R"({"added_tokens":[{"id":9,"content":"<|im_end|>"}]})");
  const ModelDescription description = description_of(directory);
  CHECK(description.generation_json ==
        R"({"end_token_ids":[7,2,9],"temperature":0.25,"top_k":20})");
  CHECK(description.special_tokens_json ==
        R"({"bos_token":"<s>","eos_token":"<|im_end|>","unk_token":null,"pad_token":null})");
  CHECK(description.tokenizer_json.has_value());
}

TEST_CASE("the chat template may be a string, a list, or a file of its own") {
  const TemporaryDirectory directory;
  directory.write("config.json", kConfig);
  CHECK(!description_of(directory).chat_template);
  directory.write("tokenizer_config.json", R"({"chat_template":"one"})");
  CHECK(description_of(directory).chat_template == "one");
  directory.write("tokenizer_config.json",
                  R"({"chat_template":[{"name":"tool_use","template":"tools"},)"
                  R"({"name":"default","template":"two"},{"name":"rag","template":"three"}]})");
  CHECK(description_of(directory).chat_template == "two");
  directory.write("tokenizer_config.json",
                  R"({"chat_template":[{"name":"only","template":"four"}]})");
  CHECK(description_of(directory).chat_template == "four");
  directory.write("chat_template.jinja", "five");
  CHECK(description_of(directory).chat_template == "five");
}
