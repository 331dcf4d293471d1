// Qwen3 (Yang et al., 2025): heads' queries and keys are normalized, biases only where asked for.
#include "model/families/family.h"

namespace tessera {

Result<void> configure_qwen3(const JsonObject& json, DecoderConfiguration& configuration) {
  TESSERA_TRY(const auto attention_bias, json.optional_boolean("attention_bias"));
  configuration.has_query_key_value_bias = attention_bias.value_or(false);
  configuration.has_attention_output_bias = attention_bias.value_or(false);
  configuration.has_query_key_norm = true;
  return configure_sliding_window(json, configuration);
}

}  // namespace tessera
