#include "model/families/family.h"

#include <array>
#include <limits>

namespace tessera {

std::span<const DecoderFamily> decoder_families() {
  static constexpr std::array kFamilies = {
      DecoderFamily{"llama", configure_llama},
      DecoderFamily{"qwen2", configure_qwen2},
      DecoderFamily{"qwen3", configure_qwen3},
  };
  return kFamilies;
}

namespace {

// Whether layer `index` has a window, by the names in layer_types.
Result<bool> has_window_by_name(const std::vector<JsonValue>& layer_types, std::size_t index) {
  const JsonValue& value = layer_types[index];
  TESSERA_TRY(const std::string_view name, value.string());
  if (name == "sliding_attention") return true;
  if (name == "full_attention") return false;
  return Error{ErrorCode::kUnsupported,
               value.path() + ": attention of type \"" + std::string(name) + "\" is not supported"};
}

}  // namespace

Result<void> configure_sliding_window(const JsonObject& json, DecoderConfiguration& configuration) {
  TESSERA_TRY(const auto is_on, json.optional_boolean("use_sliding_window"));
  if (!is_on.value_or(false)) return {};
  TESSERA_TRY(const auto window,
              json.optional_integer("sliding_window", 1, std::numeric_limits<int>::max()));
  TESSERA_TRY(const auto first_layer, json.optional_integer("max_window_layers", 0));
  TESSERA_TRY(const auto layer_types, json.optional_array("layer_types"));
  if (!window) return {};
  std::vector<std::int32_t>& windows = configuration.window_tokens;
  if (layer_types && layer_types->size() != windows.size()) {
    return Error{ErrorCode::kInvalidFile, "layer_types has " + std::to_string(layer_types->size()) +
                                              " entries for " + std::to_string(windows.size()) +
                                              " layers"};
  }
  for (std::size_t index = 0; index < windows.size(); ++index) {
    bool has_window = static_cast<std::int64_t>(index) >= first_layer.value_or(28);
    if (layer_types) {
      TESSERA_TRY(has_window, has_window_by_name(*layer_types, index));
    }
    if (has_window) windows[index] = static_cast<std::int32_t>(*window);
  }
  return {};
}

}  // namespace tessera
