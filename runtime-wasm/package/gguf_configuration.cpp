#include "package/gguf_configuration.h"

#include <limits>

#include "base/json_writer.h"
#include "package/llama3_rope_fit.h"

namespace tessera {
namespace {

constexpr std::int64_t kExtentMax = std::int64_t{1} << 24;

constexpr GgufArchitecture kArchitectures[] = {
    {"llama", "LlamaForCausalLM", true},
    {"qwen2", "Qwen2ForCausalLM", false},
    {"qwen3", "Qwen3ForCausalLM", false},
};

// Reads keys of one architecture ("llama.block_count") and writes members of config.json.
class ConfigurationWriter {
 public:
  ConfigurationWriter(const Gguf& gguf, const GgufArchitecture& architecture)
      : gguf_(gguf), architecture_(architecture) {}

  Result<std::string> write(std::span<const float> rope_factors) {
    json_.begin_object();
    json_.key("architectures").begin_array().string(architecture_.class_name).end_array();
    json_.key("model_type").string(architecture_.name);
    TESSERA_TRY_VOID(write_extents());
    TESSERA_TRY_VOID(write_attention());
    TESSERA_TRY_VOID(write_rope(rope_factors));
    TESSERA_TRY_VOID(write_token_id("bos_token_id", "tokenizer.ggml.bos_token_id"));
    TESSERA_TRY_VOID(write_token_id("eos_token_id", "tokenizer.ggml.eos_token_id"));
    json_.key("hidden_act").string("silu");
    json_.key("tie_word_embeddings").boolean(gguf_.find_tensor("output.weight") == nullptr);
    json_.key("mlp_bias").boolean(gguf_.find_tensor("blk.0.ffn_gate.bias") != nullptr);
    json_.end_object();
    return std::move(json_).take();
  }

 private:
  std::string key(std::string_view name) const {
    return std::string(architecture_.name) + "." + std::string(name);
  }

  Result<std::int64_t> extent(std::string_view name) const {
    return gguf_.integer(key(name), 1, kExtentMax);
  }

  Result<std::int64_t> extent_or(std::string_view name, std::int64_t fallback) const {
    TESSERA_TRY(const auto value, gguf_.optional_integer(key(name), 1, kExtentMax));
    return value.value_or(fallback);
  }

  // The float32 that the file holds, written with as few digits as name it.
  Result<void> write_float(std::string_view member, std::string_view name, float fallback) {
    TESSERA_TRY(const auto value, gguf_.optional_number(key(name)));
    json_.key(member).number(value ? static_cast<float>(*value) : fallback);
    return {};
  }

  Result<void> write_extents() {
    const GgufTensor* embedding = gguf_.find_tensor("token_embd.weight");
    if (embedding == nullptr || embedding->shape.size() != 2) {
      return Error{ErrorCode::kInvalidFile, "the file has no matrix token_embd.weight"};
    }
    json_.key("vocab_size").integer(embedding->shape[0]);
    TESSERA_TRY(hidden_size_, extent("embedding_length"));
    TESSERA_TRY(const std::int64_t intermediate_size, extent("feed_forward_length"));
    TESSERA_TRY(const std::int64_t layers, extent("block_count"));
    TESSERA_TRY(const std::int64_t context, extent("context_length"));
    json_.key("hidden_size").integer(hidden_size_);
    json_.key("intermediate_size").integer(intermediate_size);
    json_.key("num_hidden_layers").integer(layers);
    json_.key("max_position_embeddings").integer(context);
    return write_float("rms_norm_eps", "attention.layer_norm_rms_epsilon", 1e-6f);
  }

  Result<void> write_attention() {
    TESSERA_TRY(const std::int64_t query_heads, extent("attention.head_count"));
    TESSERA_TRY(const std::int64_t key_value_heads,
                extent_or("attention.head_count_kv", query_heads));
    TESSERA_TRY(head_size_, extent_or("attention.key_length", hidden_size_ / query_heads));
    json_.key("num_attention_heads").integer(query_heads);
    json_.key("num_key_value_heads").integer(key_value_heads);
    json_.key("head_dim").integer(head_size_);
    if (architecture_.name != "qwen2") {
      json_.key("attention_bias").boolean(gguf_.find_tensor("blk.0.attn_q.bias") != nullptr);
    }
    TESSERA_TRY(const auto window,
                gguf_.optional_integer(key("attention.sliding_window"), 0,
                                       std::numeric_limits<std::int32_t>::max()));
    if (window.value_or(0) > 0 && architecture_.name != "llama") {
      json_.key("use_sliding_window").boolean(true);
      json_.key("sliding_window").integer(*window);
      json_.key("max_window_layers").integer(0);
    }
    return {};
  }

  Result<void> write_rope(std::span<const float> rope_factors) {
    TESSERA_TRY(const auto theta, gguf_.optional_number(key("rope.freq_base")));
    TESSERA_TRY(const std::int64_t rotary_size, extent_or("rope.dimension_count", head_size_));
    if (rotary_size > head_size_) {
      return Error{ErrorCode::kInvalidFile, key("rope.dimension_count") + " is " +
                                                std::to_string(rotary_size) + ", heads have " +
                                                std::to_string(head_size_)};
    }
    if (rotary_size < head_size_) {
      json_.key("partial_rotary_factor")
          .number(static_cast<double>(rotary_size) / static_cast<double>(head_size_));
    }
    json_.key("rope_parameters").begin_object();
    TESSERA_TRY_VOID(write_float("rope_theta", "rope.freq_base", 10000.0f));
    if (rope_factors.empty()) {
      TESSERA_TRY_VOID(write_rope_scaling());
    } else {
      TESSERA_TRY_VOID(write_llama3_scaling(rope_factors, theta.value_or(10000.0)));
    }
    json_.end_object();
    return {};
  }

  Result<void> write_rope_scaling() {
    TESSERA_TRY(const auto type, gguf_.optional_string(key("rope.scaling.type")));
    const std::string name = type.value_or("none");
    if (name == "none") {
      json_.key("rope_type").string("default");
      return {};
    }
    if (name != "linear" && name != "yarn") {
      return Error{ErrorCode::kUnsupported, key("rope.scaling.type") + " \"" + name +
                                                "\" is not supported; linear and yarn are"};
    }
    json_.key("rope_type").string(name);
    TESSERA_TRY_VOID(write_float("factor", "rope.scaling.factor", 1.0f));
    TESSERA_TRY(const auto original,
                gguf_.optional_integer(key("rope.scaling.original_context_length"), 1, kExtentMax));
    if (original) json_.key("original_max_position_embeddings").integer(*original);
    return {};
  }

  Result<void> write_llama3_scaling(std::span<const float> rope_factors, double theta) {
    const auto scaling = fit_llama3_rope(rope_factors, theta);
    if (!scaling) {
      return Error{ErrorCode::kUnsupported,
                   "rope_freqs.weight does not follow Llama 3's rule for rotary scaling"};
    }
    json_.key("rope_type").string("llama3");
    json_.key("factor").number(scaling->factor);
    json_.key("low_freq_factor").number(scaling->low_freq_factor);
    json_.key("high_freq_factor").number(scaling->high_freq_factor);
    json_.key("original_max_position_embeddings")
        .integer(static_cast<std::int64_t>(scaling->original_context_tokens));
    return {};
  }

  Result<void> write_token_id(std::string_view member, std::string_view name) {
    TESSERA_TRY(const auto id,
                gguf_.optional_integer(name, -1, std::numeric_limits<std::uint32_t>::max()));
    if (id && *id >= 0 && *id <= std::numeric_limits<std::int32_t>::max()) {
      json_.key(member).integer(*id);
    }
    return {};
  }

  const Gguf& gguf_;
  const GgufArchitecture& architecture_;
  JsonWriter json_;
  std::int64_t hidden_size_ = 0;
  std::int64_t head_size_ = 0;
};

}  // namespace

Result<const GgufArchitecture*> gguf_architecture(const Gguf& gguf) {
  TESSERA_TRY(const std::string name, gguf.string("general.architecture"));
  std::string known;
  for (const GgufArchitecture& architecture : kArchitectures) {
    if (architecture.name == name) return &architecture;
    known += (known.empty() ? "" : ", ") + std::string(architecture.name);
  }
  return Error{ErrorCode::kUnsupported,
               "architecture \"" + name + "\" is not supported yet; known: " + known};
}

Result<std::string> gguf_configuration_json(const Gguf& gguf, const GgufArchitecture& architecture,
                                            std::span<const float> rope_factors) {
  return ConfigurationWriter(gguf, architecture).write(rope_factors);
}

}  // namespace tessera
