// DecoderConfiguration: the shape of a decoder-only transformer of the Llama kind, whatever the
// family that described it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/rope_parameters.h"
#include "ops/gated_activation.h"

namespace tessera {

struct DecoderConfiguration {
  std::int64_t vocabulary_size = 0;
  std::int64_t hidden_size = 0;
  std::int64_t intermediate_size = 0;
  std::int64_t layers = 0;
  std::int64_t query_heads = 0;
  std::int64_t key_value_heads = 0;
  std::int64_t head_size = 0;
  std::int64_t context_tokens_max = 0;  // max_position_embeddings
  float rms_epsilon = 1e-6f;
  ActivationFunction activation = ActivationFunction::kSilu;
  RopeParameters rope;
  std::vector<std::int32_t> window_tokens;  // per layer; 0: full attention
  bool has_query_key_value_bias = false;
  bool has_attention_output_bias = false;
  bool has_mlp_bias = false;
  bool has_query_key_norm = false;  // RMS norm of every head's query and key (Qwen3)
  bool ties_embeddings = false;
};

// Reads a Hugging Face configuration of a family in the table of model/families.h.
// Errors: kUnsupported naming the architecture or option; kInvalidFile naming the key.
Result<DecoderConfiguration> parse_decoder_configuration(std::string_view architecture,
                                                         std::string_view configuration_json);

}  // namespace tessera
