#include "tools/synthetic_model.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>

#include "base/json_writer.h"
#include "tools/synthetic_tokenizer.h"

namespace tessera {
namespace {

struct Architecture {
  std::string_view name;
  std::string_view class_name;
  bool has_query_key_value_bias;
  bool has_query_key_norm;
};

constexpr std::array kArchitectures = {
    Architecture{"llama", "LlamaForCausalLM", false, false},
    Architecture{"qwen2", "Qwen2ForCausalLM", true, false},
    Architecture{"qwen3", "Qwen3ForCausalLM", false, true},
};

const Architecture* find_architecture(std::string_view name) {
  for (const Architecture& architecture : kArchitectures) {
    if (architecture.name == name) return &architecture;
  }
  return nullptr;
}

// SplitMix64 (Steele, Lea, Flood, 2014).
std::uint64_t next_random(std::uint64_t& state) {
  state += 0x9e3779b97f4a7c15u;
  std::uint64_t z = state;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

// Uniform in [-1, 1).
float next_uniform(std::uint64_t& state) {
  return static_cast<float>(static_cast<double>(next_random(state) >> 11) * 0x1p-52 - 1.0);
}

std::string configuration_json(const SyntheticOptions& options, const Architecture& architecture,
                               std::int64_t head_size) {
  JsonWriter json;
  json.begin_object();
  json.key("architectures").begin_array().string(architecture.class_name).end_array();
  json.key("model_type").string(architecture.name);
  json.key("vocab_size").integer(options.vocabulary_size);
  json.key("hidden_size").integer(options.hidden_size);
  json.key("intermediate_size").integer(options.intermediate_size);
  json.key("num_hidden_layers").integer(options.layers);
  json.key("num_attention_heads").integer(options.query_heads);
  json.key("num_key_value_heads").integer(options.key_value_heads);
  json.key("head_dim").integer(head_size);
  json.key("max_position_embeddings").integer(options.context_tokens_max);
  json.key("rms_norm_eps").number(1e-5f);
  json.key("rope_theta").number(10000.0f);
  json.key("hidden_act").string("silu");
  json.key("tie_word_embeddings").boolean(options.ties_embeddings);
  json.end_object();
  return std::move(json).take();
}

Result<void> check(const SyntheticOptions& options, std::int64_t head_size) {
  if (options.query_heads % options.key_value_heads != 0) {
    return Error{ErrorCode::kInvalidArgument,
                 "--query-heads must be a multiple of --key-value-heads"};
  }
  if (head_size < 2 || head_size % 2 != 0) {
    return Error{ErrorCode::kInvalidArgument, "heads of " + std::to_string(head_size) +
                                                  "; their size must be even, see --head-size"};
  }
  return {};
}

}  // namespace

Result<std::unique_ptr<SyntheticModel>> SyntheticModel::create(const SyntheticOptions& options) {
  const Architecture* architecture = find_architecture(options.architecture);
  if (architecture == nullptr) {
    return Error{ErrorCode::kUnsupported, "architecture \"" + options.architecture +
                                              "\" is not supported; known: llama, qwen2, qwen3"};
  }
  const std::int64_t head_size =
      options.head_size > 0 ? options.head_size : options.hidden_size / options.query_heads;
  TESSERA_TRY_VOID(check(options, head_size));
  std::unique_ptr<SyntheticModel> model(new SyntheticModel(options.seed));
  ModelDescription& description = model->description_;
  description.name = options.name;
  description.architecture = options.architecture;
  description.configuration_json = configuration_json(options, *architecture, head_size);
  TESSERA_TRY(SyntheticTokenizer tokenizer, make_synthetic_tokenizer(options.vocabulary_size));
  description.tokenizer_json = std::move(tokenizer.tokenizer_json);
  description.generation_json = std::move(tokenizer.generation_json);
  description.special_tokens_json = std::move(tokenizer.special_tokens_json);
  description.chat_template = std::move(tokenizer.chat_template);
  model->add("model.embed_tokens.weight", Shape{options.vocabulary_size, options.hidden_size});
  for (std::int64_t layer = 0; layer < options.layers; ++layer) {
    model->add_layer(options, head_size, layer);
  }
  model->add("model.norm.weight", Shape{options.hidden_size});
  if (!options.ties_embeddings) {
    model->add("lm_head.weight", Shape{options.vocabulary_size, options.hidden_size});
  }
  return model;
}

void SyntheticModel::add_layer(const SyntheticOptions& options, std::int64_t head_size,
                               std::int64_t layer) {
  const Architecture& architecture = *find_architecture(options.architecture);
  const std::string prefix = "model.layers." + std::to_string(layer) + ".";
  const std::int64_t hidden_size = options.hidden_size;
  const std::int64_t query_size = options.query_heads * head_size;
  const std::int64_t key_value_size = options.key_value_heads * head_size;
  add(prefix + "input_layernorm.weight", Shape{hidden_size});
  add(prefix + "self_attn.q_proj.weight", Shape{query_size, hidden_size});
  add(prefix + "self_attn.k_proj.weight", Shape{key_value_size, hidden_size});
  add(prefix + "self_attn.v_proj.weight", Shape{key_value_size, hidden_size});
  add(prefix + "self_attn.o_proj.weight", Shape{hidden_size, query_size});
  if (architecture.has_query_key_value_bias) {
    add(prefix + "self_attn.q_proj.bias", Shape{query_size});
    add(prefix + "self_attn.k_proj.bias", Shape{key_value_size});
    add(prefix + "self_attn.v_proj.bias", Shape{key_value_size});
  }
  if (architecture.has_query_key_norm) {
    add(prefix + "self_attn.q_norm.weight", Shape{head_size});
    add(prefix + "self_attn.k_norm.weight", Shape{head_size});
  }
  add(prefix + "post_attention_layernorm.weight", Shape{hidden_size});
  add(prefix + "mlp.gate_proj.weight", Shape{options.intermediate_size, hidden_size});
  add(prefix + "mlp.up_proj.weight", Shape{options.intermediate_size, hidden_size});
  add(prefix + "mlp.down_proj.weight", Shape{hidden_size, options.intermediate_size});
}

void SyntheticModel::add(std::string name, Shape shape) {
  tensors_.push_back({std::move(name), shape, stored_format_of_safetensors("F32")});
}

Result<void> SyntheticModel::read_rows(std::size_t tensor, std::int64_t first_row,
                                       std::span<std::byte> out) const {
  const SourceTensor& description = tensors_[tensor];
  const auto columns = static_cast<std::size_t>(description.columns());
  const bool is_norm = description.name.ends_with("norm.weight");
  // A uniform variable of this half-width has a variance of 1 / columns.
  const float half_width = std::sqrt(3.0f / static_cast<float>(columns));
  std::vector<float> row(columns, 1.0f);
  for (std::int64_t index = first_row; !out.empty(); ++index) {
    // Every row has a random sequence of its own, so that it does not matter how rows are read.
    std::uint64_t state = seed_;
    state = next_random(state) ^ tensor;
    state = next_random(state) ^ static_cast<std::uint64_t>(index);
    if (!is_norm) {
      std::generate(row.begin(), row.end(), [&] { return half_width * next_uniform(state); });
    }
    std::memcpy(out.data(), row.data(), description.row_size_bytes());
    out = out.subspan(description.row_size_bytes());
  }
  return {};
}

}  // namespace tessera
