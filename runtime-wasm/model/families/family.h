// The model families that a DecoderConfiguration can describe: one file and one row of the table
// each.
#pragma once

#include <span>
#include <string_view>

#include "base/json.h"
#include "base/result.h"
#include "model/decoder_configuration.h"

namespace tessera {

struct DecoderFamily {
  std::string_view architecture;  // Hugging Face's model_type
  // Adds to what all families share: defaults, biases, norms, windows.
  Result<void> (*configure)(const JsonObject& json, DecoderConfiguration& configuration);
};

Result<void> configure_llama(const JsonObject& json, DecoderConfiguration& configuration);
Result<void> configure_qwen2(const JsonObject& json, DecoderConfiguration& configuration);
Result<void> configure_qwen3(const JsonObject& json, DecoderConfiguration& configuration);

std::span<const DecoderFamily> decoder_families();

// Sets window_tokens as transformers' Qwen configurations do: a layer has a window if
// use_sliding_window is on and layer_types names it "sliding_attention" or, without layer_types, if
// its index is at least max_window_layers.
Result<void> configure_sliding_window(const JsonObject& json, DecoderConfiguration& configuration);

}  // namespace tessera
