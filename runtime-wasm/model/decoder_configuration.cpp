#include "model/decoder_configuration.h"

#include "base/json.h"
#include "model/families/family.h"

namespace tessera {
namespace {

// Far above any model's extents, low enough that their products fit 64 bits.
constexpr std::int64_t kExtentMax = std::int64_t{1} << 24;

Result<ActivationFunction> read_activation(const JsonObject& json) {
  TESSERA_TRY(const auto name, json.optional_string("hidden_act"));
  const std::string_view function = name.value_or("silu");
  if (function == "silu" || function == "swish") return ActivationFunction::kSilu;
  if (function == "gelu") return ActivationFunction::kGelu;
  if (function == "gelu_new" || function == "gelu_pytorch_tanh" || function == "gelu_fast") {
    return ActivationFunction::kGeluTanh;
  }
  if (function == "relu") return ActivationFunction::kRelu;
  return Error{ErrorCode::kUnsupported, "hidden_act \"" + std::string(function) +
                                            "\" is not supported; known: silu, gelu, "
                                            "gelu_pytorch_tanh, relu"};
}

Result<void> read_number(const JsonObject& json, std::string_view key, double& out) {
  TESSERA_TRY(const auto value, json.optional_number(key));
  if (value) out = *value;
  return {};
}

Result<void> read_rope_fields(const JsonObject& json, RopeParameters& rope) {
  TESSERA_TRY(const auto legacy_type, json.optional_string("type"));
  TESSERA_TRY(const auto type, json.optional_string("rope_type"));
  if (legacy_type) rope.type = *legacy_type;
  if (type) rope.type = *type;
  TESSERA_TRY_VOID(read_number(json, "rope_theta", rope.theta));
  TESSERA_TRY_VOID(read_number(json, "factor", rope.factor));
  TESSERA_TRY_VOID(read_number(json, "partial_rotary_factor", rope.partial_rotary_factor));
  TESSERA_TRY_VOID(read_number(json, "low_freq_factor", rope.low_freq_factor));
  TESSERA_TRY_VOID(read_number(json, "high_freq_factor", rope.high_freq_factor));
  TESSERA_TRY_VOID(read_number(json, "beta_fast", rope.beta_fast));
  TESSERA_TRY_VOID(read_number(json, "beta_slow", rope.beta_slow));
  TESSERA_TRY_VOID(read_number(json, "attention_factor", rope.attention_factor));
  TESSERA_TRY_VOID(read_number(json, "mscale", rope.mscale));
  TESSERA_TRY_VOID(read_number(json, "mscale_all_dim", rope.mscale_all_dim));
  TESSERA_TRY(const auto truncate, json.optional_boolean("truncate"));
  rope.truncate = truncate.value_or(true);
  TESSERA_TRY(const auto original,
              json.optional_integer("original_max_position_embeddings", 1, kExtentMax));
  if (original) rope.original_context_tokens = *original;
  return {};
}

// Reads both spellings: rope_parameters (transformers 5), and rope_theta with rope_scaling
// (before).
Result<RopeParameters> read_rope(const JsonObject& json, std::int64_t context_tokens_max) {
  RopeParameters rope;
  rope.original_context_tokens = context_tokens_max;
  TESSERA_TRY_VOID(read_number(json, "rope_theta", rope.theta));
  TESSERA_TRY_VOID(read_number(json, "partial_rotary_factor", rope.partial_rotary_factor));
  for (const std::string_view key : {"rope_scaling", "rope_parameters"}) {
    TESSERA_TRY(const auto fields, json.optional_object(key));
    if (fields) TESSERA_TRY_VOID(read_rope_fields(*fields, rope));
  }
  return rope;
}

Result<void> read_extents(const JsonObject& json, DecoderConfiguration& c) {
  TESSERA_TRY(c.vocabulary_size, json.integer("vocab_size", 1, kExtentMax));
  TESSERA_TRY(c.hidden_size, json.integer("hidden_size", 1, kExtentMax));
  TESSERA_TRY(c.intermediate_size, json.integer("intermediate_size", 1, kExtentMax));
  TESSERA_TRY(c.layers, json.integer("num_hidden_layers", 1, 4096));
  TESSERA_TRY(c.query_heads, json.integer("num_attention_heads", 1, kExtentMax));
  TESSERA_TRY(const auto key_value_heads,
              json.optional_integer("num_key_value_heads", 1, kExtentMax));
  c.key_value_heads = key_value_heads.value_or(c.query_heads);
  TESSERA_TRY(const auto head_size, json.optional_integer("head_dim", 1, kExtentMax));
  c.head_size = head_size.value_or(c.hidden_size / c.query_heads);
  TESSERA_TRY(const auto context, json.optional_integer("max_position_embeddings", 1, kExtentMax));
  c.context_tokens_max = context.value_or(2048);
  if (c.query_heads % c.key_value_heads != 0 || c.head_size == 0) {
    return Error{ErrorCode::kInvalidFile, "num_attention_heads (" + std::to_string(c.query_heads) +
                                              ") must be a multiple of num_key_value_heads (" +
                                              std::to_string(c.key_value_heads) +
                                              ") and heads must not be empty"};
  }
  return {};
}

Result<const DecoderFamily*> find_family(std::string_view architecture) {
  std::string known;
  for (const DecoderFamily& family : decoder_families()) {
    if (family.architecture == architecture) return &family;
    known += (known.empty() ? "" : ", ") + std::string(family.architecture);
  }
  return Error{ErrorCode::kUnsupported, "architecture \"" + std::string(architecture) +
                                            "\" is not supported yet; known: " + known};
}

}  // namespace

Result<DecoderConfiguration> parse_decoder_configuration(std::string_view architecture,
                                                         std::string_view configuration_json) {
  TESSERA_TRY(const DecoderFamily* family, find_family(architecture));
  TESSERA_TRY(const JsonDocument document, JsonDocument::parse(configuration_json));
  TESSERA_TRY(const JsonObject json, document.root().object());
  DecoderConfiguration configuration;
  TESSERA_TRY_VOID(read_extents(json, configuration));
  double epsilon = 1e-6;
  TESSERA_TRY_VOID(read_number(json, "rms_norm_eps", epsilon));
  configuration.rms_epsilon = static_cast<float>(epsilon);
  TESSERA_TRY(configuration.activation, read_activation(json));
  TESSERA_TRY(configuration.rope, read_rope(json, configuration.context_tokens_max));
  TESSERA_TRY(const auto ties, json.optional_boolean("tie_word_embeddings"));
  configuration.ties_embeddings = ties.value_or(false);
  configuration.window_tokens.assign(static_cast<std::size_t>(configuration.layers), 0);
  TESSERA_TRY_VOID(family->configure(json, configuration));
  return configuration;
}

}  // namespace tessera
