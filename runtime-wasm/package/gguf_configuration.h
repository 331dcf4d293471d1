// Turns GGUF metadata into a Hugging Face config.json, and GGUF tensor names into Hugging Face's.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "package/gguf.h"

namespace tessera {

struct GgufArchitecture {
  std::string_view name;        // in both worlds
  std::string_view class_name;  // in config.json's "architectures"
  // Rows of each query and key head are stored as pairs (i, i + head_size / 2) that rotate
  // together.
  bool interleaves_rotary_rows;
};

// Errors: kUnsupported naming the architecture.
Result<const GgufArchitecture*> gguf_architecture(const Gguf& gguf);

// `rope_factors`: the contents of rope_freqs.weight, empty if there is none.
// Errors: kInvalidFile naming the key; kUnsupported for an option that has no counterpart.
Result<std::string> gguf_configuration_json(const Gguf& gguf, const GgufArchitecture& architecture,
                                            std::span<const float> rope_factors);

// Nothing for tensors that only cache what the configuration says (rotary frequencies).
// Errors: kUnsupported naming a tensor that the families known here do not have.
Result<std::optional<std::string>> hugging_face_tensor_name(std::string_view gguf_name);

}  // namespace tessera
