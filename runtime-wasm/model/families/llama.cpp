// Llama 1 to 3 (Touvron et al., 2023; Llama 3 scales rotary positions).
#include "model/families/family.h"

namespace tessera {

Result<void> configure_llama(const JsonObject& json, DecoderConfiguration& configuration) {
  TESSERA_TRY(const auto attention_bias, json.optional_boolean("attention_bias"));
  TESSERA_TRY(const auto mlp_bias, json.optional_boolean("mlp_bias"));
  configuration.has_query_key_value_bias = attention_bias.value_or(false);
  configuration.has_attention_output_bias = attention_bias.value_or(false);
  configuration.has_mlp_bias = mlp_bias.value_or(false);
  return {};
}

}  // namespace tessera
