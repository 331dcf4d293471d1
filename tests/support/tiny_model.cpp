#include "support/tiny_model.h"

#include <array>
#include <cmath>
#include <cstring>
#include <random>
#include <utility>
#include <vector>

#include "backends/cpu/cpu_backend.h"
#include "base/json_writer.h"

namespace tessera::testing {
namespace {

constexpr std::int64_t kVocabulary = 40, kHidden = 32, kIntermediate = 48, kHeadSize = 8;
constexpr std::int64_t kQueryHeads = 4, kKeyValueHeads = 2, kLayers = 2;

struct NamedShape {
  std::string name;
  Shape shape;
};

std::vector<NamedShape> tensor_shapes() {
  std::vector<NamedShape> shapes = {{"model.embed_tokens.weight", {kVocabulary, kHidden}},
                                    {"model.norm.weight", {kHidden}}};
  for (std::int64_t layer = 0; layer < kLayers; ++layer) {
    const std::string prefix = "model.layers." + std::to_string(layer) + ".";
    const std::array rows = {
        NamedShape{"input_layernorm.weight", {kHidden}},
        NamedShape{"self_attn.q_proj.weight", {kQueryHeads * kHeadSize, kHidden}},
        NamedShape{"self_attn.k_proj.weight", {kKeyValueHeads * kHeadSize, kHidden}},
        NamedShape{"self_attn.v_proj.weight", {kKeyValueHeads * kHeadSize, kHidden}},
        NamedShape{"self_attn.o_proj.weight", {kHidden, kQueryHeads * kHeadSize}},
        NamedShape{"post_attention_layernorm.weight", {kHidden}},
        NamedShape{"mlp.gate_proj.weight", {kIntermediate, kHidden}},
        NamedShape{"mlp.up_proj.weight", {kIntermediate, kHidden}},
        NamedShape{"mlp.down_proj.weight", {kHidden, kIntermediate}},
    };
    for (const NamedShape& row : rows) shapes.push_back({prefix + row.name, row.shape});
  }
  return shapes;
}

// Weights that keep activations near 1: normal for matrices, around 1 for norms.
std::vector<float> random_weights(const Manifest& manifest, std::uint32_t seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  std::vector<float> weights;
  for (const TensorEntry& tensor : manifest.tensors) {
    const bool is_norm = tensor.shape.rank() == 1;
    for (std::int64_t i = 0; i < tensor.shape.element_count(); ++i) {
      const float value = normal(random);
      weights.push_back(is_norm ? 1.0f + 0.1f * value : value / std::sqrt(float{kHidden}) * 2.0f);
    }
  }
  return weights;
}

}  // namespace

Manifest tiny_manifest(const TinyModelOptions& options) {
  Manifest manifest;
  manifest.name = "tiny";
  manifest.architecture = options.architecture;
  manifest.configuration_json =
      "{" + options.configuration_extra +
      R"("vocab_size":40,"hidden_size":32,"intermediate_size":48,"num_hidden_layers":2,
         "num_attention_heads":4,"num_key_value_heads":2,"head_dim":8,
         "max_position_embeddings":64,"tie_word_embeddings":true,"eos_token_id":39})";
  manifest.generation_json = manifest.special_tokens_json = "{}";
  std::uint64_t offset = 0;
  for (const NamedShape& row : tensor_shapes()) {
    const auto size_bytes = static_cast<std::uint64_t>(row.shape.element_count()) * 4;
    manifest.tensors.push_back({row.name, DataType::kF32, row.shape, {{0, offset, size_bytes}}});
    offset += size_bytes;
  }
  manifest.shards.push_back({std::string(64, '0'), offset, "language_model", 0});
  if (!options.tokenizer_json.empty()) {
    manifest.tokenizer_shard = 1;
    manifest.shards.push_back(
        {std::string(64, '1'), options.tokenizer_json.size(), "tokenizer", 0});
  }
  return manifest;
}

Result<std::unique_ptr<TextModel>> make_tiny_model(const TinyModelOptions& options) {
  TESSERA_TRY(auto backend, CpuBackend::create({options.threads, options.memory_budget_bytes}));
  return make_tiny_model(options, std::move(backend));
}

Result<std::unique_ptr<TextModel>> make_tiny_model(const TinyModelOptions& options,
                                                   std::unique_ptr<Backend> backend) {
  const Manifest manifest = tiny_manifest(options);
  TESSERA_TRY(auto model, TextModel::create(manifest, std::move(backend), options.model));
  const std::vector<float> weights = random_weights(manifest, options.seed);
  for (const TextModel::Destination& span : model->shard_spans(0)) {
    std::memcpy(
        span.host_bytes.data(),
        reinterpret_cast<const std::byte*>(weights.data()) + static_cast<std::size_t>(span.offset),
        span.host_bytes.size());
  }
  TESSERA_TRY_VOID(model->finish_shard(0));
  if (!options.tokenizer_json.empty()) {
    const std::span<std::byte> bytes = model->shard_spans(1).at(0).host_bytes;
    std::memcpy(bytes.data(), options.tokenizer_json.data(), bytes.size());
    TESSERA_TRY_VOID(model->finish_shard(1));
  }
  return model;
}

std::string tiny_tokenizer_json() {
  // In the byte-level alphabet a space is U+0120, a newline U+010A, and bytes above 0xA1
  // themselves.
  std::vector<std::string> tokens;
  for (char letter = 'a'; letter <= 'z'; ++letter) tokens.push_back(std::string(1, letter));
  tokens.insert(tokens.end(), {"\u0120", "\u010a", "\u00c3", "\u00a9", "\u00c4", "\u00c5", "0", "1",
                               "2", "3", "4", "5", "6"});
  JsonWriter json;
  json.begin_object().key("version").string("1.0");
  json.key("added_tokens").begin_array().begin_object();
  json.key("id").integer(39).key("content").string("<end>").key("special").boolean(true);
  json.key("single_word").boolean(false).key("lstrip").boolean(false);
  json.key("rstrip").boolean(false).key("normalized").boolean(false);
  json.end_object().end_array();
  json.key("normalizer").null();
  const char* byte_level =
      R"({"type":"ByteLevel","add_prefix_space":false,"trim_offsets":true,"use_regex":true})";
  json.key("pre_tokenizer").raw(byte_level).key("post_processor").null();
  json.key("decoder").raw(byte_level);
  json.key("model").begin_object().key("type").string("BPE");
  json.key("vocab").begin_object();
  for (std::size_t id = 0; id < tokens.size(); ++id) {
    json.key(tokens[id]).integer(static_cast<std::int64_t>(id));
  }
  json.end_object().key("merges").begin_array().end_array().end_object().end_object();
  return std::move(json).take();
}

}  // namespace tessera::testing
