#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <cmath>

#include "model/decoder_configuration.h"
#include "support/gguf_builder.h"
#include "tokenizer/tokenizer.h"
#include "tools/synthetic_model.h"
#include "tools/synthetic_tokenizer.h"

using Catch::Matchers::ContainsSubstring;
using namespace tessera;

namespace {

SyntheticOptions small_options() {
  SyntheticOptions options;
  options.hidden_size = 48;
  options.intermediate_size = 100;
  options.layers = 2;
  options.query_heads = 6;
  options.key_value_heads = 2;
  options.vocabulary_size = 300;
  return options;
}

std::vector<float> floats_of(const SyntheticModel& model, std::size_t index) {
  const SourceTensor& tensor = model.tensors()[index];
  std::vector<float> values(static_cast<std::size_t>(tensor.shape.element_count()));
  REQUIRE(model.read_rows(index, 0, std::as_writable_bytes(std::span(values))));
  return values;
}

}  // namespace

TEST_CASE("a synthetic model of each family has a configuration that the runtime reads") {
  for (const std::string family : {"llama", "qwen2", "qwen3"}) {
    SyntheticOptions options = small_options();
    options.architecture = family;
    options.head_size = 10;
    const auto model = SyntheticModel::create(options);
    REQUIRE(model);
    const ModelDescription& description = (*model)->description();
    const auto configuration = parse_decoder_configuration(family, description.configuration_json);
    REQUIRE(configuration);
    CHECK(configuration->head_size == 10);
    CHECK(configuration->key_value_heads == 2);
    CHECK(configuration->ties_embeddings);
  }
}

TEST_CASE("the same seed gives the same weights, another seed others") {
  SyntheticOptions options = small_options();
  const auto first = SyntheticModel::create(options);
  const auto again = SyntheticModel::create(options);
  options.seed = 2;
  const auto other = SyntheticModel::create(options);
  CHECK(floats_of(**first, 0) == floats_of(**again, 0));
  CHECK(floats_of(**first, 0) != floats_of(**other, 0));
}

TEST_CASE("rows of matrices have a length of about one, and norms are one") {
  const auto model = SyntheticModel::create(small_options());
  for (std::size_t i = 0; i < (*model)->tensors().size(); ++i) {
    const SourceTensor& tensor = (*model)->tensors()[i];
    INFO(tensor.name);
    const std::vector<float> values = floats_of(**model, i);
    double sum = 0;
    for (const float value : values) sum += static_cast<double>(value) * static_cast<double>(value);
    if (tensor.shape.rank() == 2) {
      CHECK(std::abs(sum / static_cast<double>(tensor.rows()) - 1.0) < 0.1);
    } else {
      CHECK(sum == static_cast<double>(values.size()));
    }
  }
}

TEST_CASE("shapes that no model can have are refused by name") {
  SyntheticOptions heads = small_options();
  heads.key_value_heads = 4;
  CHECK_THAT(SyntheticModel::create(heads).error().message, ContainsSubstring("--key-value-heads"));
  SyntheticOptions odd = small_options();
  odd.head_size = 7;
  CHECK_THAT(SyntheticModel::create(odd).error().message, ContainsSubstring("--head-size"));
  SyntheticOptions vocabulary = small_options();
  vocabulary.vocabulary_size = 100;
  CHECK_THAT(SyntheticModel::create(vocabulary).error().message, ContainsSubstring("100 tokens"));
}

TEST_CASE("a synthetic tokenizer reads back every text, and every token has a text") {
  const auto made = make_synthetic_tokenizer(20'000);
  REQUIRE(made);
  const auto tokenizer = Tokenizer::from_json(made->tokenizer_json);
  REQUIRE(tokenizer);
  for (const std::string_view text :
       {"the quick brown fox", "h\xc3\xa9 \xf0\x9f\x98\x80\n", "", "Zebra 42!"}) {
    const auto ids = (*tokenizer)->encode(text, EncodeOptions{});
    REQUIRE(ids);
    CHECK((*tokenizer)->decode(*ids) == text);
  }
  CHECK((*tokenizer)->encode("zq", EncodeOptions{})->size() == 1);
  CHECK((*tokenizer)->encode("<|endoftext|>", EncodeOptions{}).value() ==
        std::vector<std::int32_t>{0});
  for (std::int32_t id = 1; id < 20'000; ++id) {
    REQUIRE(!(*tokenizer)->token_bytes(id).empty());
  }
}
