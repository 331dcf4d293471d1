// Qwen2 and Qwen2.5 (Yang et al., 2024): biases on query, key and value.
#include "model/families/family.h"

namespace tessera {

Result<void> configure_qwen2(const JsonObject& json, DecoderConfiguration& configuration) {
  configuration.has_query_key_value_bias = true;
  return configure_sliding_window(json, configuration);
}

}  // namespace tessera
