#include "model/decoder_configuration.h"

#include <catch2/catch_test_macros.hpp>
#include <string>

namespace tessera {
namespace {

// A small valid configuration with `extra` members, which come first and so win over the defaults.
std::string json_with(const std::string& extra) {
  return "{" + extra + (extra.empty() ? "" : ",") +
         R"("vocab_size":300,"hidden_size":64,"intermediate_size":160,"num_hidden_layers":4,
            "num_attention_heads":4,"num_key_value_heads":2,"max_position_embeddings":256})";
}

DecoderConfiguration parse(std::string_view architecture, const std::string& extra) {
  auto result = parse_decoder_configuration(architecture, json_with(extra));
  INFO((result ? "" : result.error().message));
  REQUIRE(result.has_value());
  return std::move(result).value();
}

Error parse_error(std::string_view architecture, const std::string& extra) {
  auto result = parse_decoder_configuration(architecture, json_with(extra));
  REQUIRE(!result.has_value());
  return result.error();
}

TEST_CASE("absent and null options take transformers' defaults") {
  const auto c = parse("llama", R"("head_dim":null,"rope_scaling":null)");
  CHECK(c.head_size == 16);
  CHECK(c.key_value_heads == 2);
  CHECK(!c.ties_embeddings);
  CHECK(!c.has_query_key_value_bias);
  CHECK(c.rope.type == "default");
  CHECK(c.rope.theta == 10000.0);
  CHECK(c.activation == ActivationFunction::kSilu);
}

TEST_CASE("rope is read from rope_parameters and from the older spelling") {
  const auto now = parse("llama", R"("rope_parameters":{"rope_type":"llama3","rope_theta":5e5,
      "factor":8.0,"low_freq_factor":1,"high_freq_factor":4,"original_max_position_embeddings":128})");
  const auto before = parse("llama", R"("rope_theta":500000,"rope_scaling":{"type":"llama3",
      "factor":8,"low_freq_factor":1.0,"high_freq_factor":4.0,"original_max_position_embeddings":128})");
  for (const auto& c : {now, before}) {
    CHECK(c.rope.type == "llama3");
    CHECK(c.rope.theta == 500000.0);
    CHECK(c.rope.factor == 8.0);
    CHECK(c.rope.original_context_tokens == 128);
  }
}

TEST_CASE("each family has its own biases and norms") {
  const auto llama = parse("llama", R"("attention_bias":true,"mlp_bias":true)");
  CHECK(llama.has_query_key_value_bias);
  CHECK(llama.has_attention_output_bias);
  CHECK(llama.has_mlp_bias);
  const auto qwen2 = parse("qwen2", "");
  CHECK(qwen2.has_query_key_value_bias);
  CHECK(!qwen2.has_attention_output_bias);
  const auto qwen3 = parse("qwen3", R"("head_dim":32)");
  CHECK(qwen3.has_query_key_norm);
  CHECK(!qwen3.has_query_key_value_bias);
  CHECK(qwen3.head_size == 32);
}

TEST_CASE("windows follow use_sliding_window, layer_types and max_window_layers") {
  using Windows = std::vector<std::int32_t>;
  CHECK(parse("qwen2", R"("sliding_window":8)").window_tokens == Windows{0, 0, 0, 0});
  CHECK(parse("qwen2", R"("use_sliding_window":true,"sliding_window":8,"max_window_layers":2)")
            .window_tokens == Windows{0, 0, 8, 8});
  CHECK(parse("qwen3", R"("use_sliding_window":true,"sliding_window":8,"max_window_layers":0,
      "layer_types":["full_attention","sliding_attention","full_attention","full_attention"])")
            .window_tokens == Windows{0, 8, 0, 0});
}

TEST_CASE("what is not supported or makes no sense is refused by name") {
  CHECK(parse_error("mamba", "").code == ErrorCode::kUnsupported);
  CHECK(parse_error("mamba", "").message.find("mamba") != std::string::npos);
  CHECK(parse_error("llama", R"("hidden_act":"tanh")").message.find("tanh") != std::string::npos);
  CHECK(parse_error("llama", R"("num_key_value_heads":3)").code == ErrorCode::kInvalidFile);
  CHECK(parse_error("llama", R"("hidden_size":-1)").message.find("hidden_size") !=
        std::string::npos);
  CHECK(parse_error("llama", R"("hidden_size":99999999999)").code == ErrorCode::kInvalidFile);
  CHECK(parse_error("qwen2", R"("use_sliding_window":true,"sliding_window":8,
      "layer_types":["full_attention"])")
            .code == ErrorCode::kInvalidFile);
}

}  // namespace
}  // namespace tessera
