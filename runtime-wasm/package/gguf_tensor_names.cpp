#include <algorithm>

#include "package/gguf_configuration.h"

namespace tessera {
namespace {

struct NameRow {
  std::string_view gguf;
  std::string_view hugging_face;
};

// Outside the layers, ".weight" left away.
constexpr NameRow kModelNames[] = {
    {"token_embd", "model.embed_tokens"},
    {"output_norm", "model.norm"},
    {"output", "lm_head"},
};

// Inside a layer: blk.<n>.<gguf>.weight is model.layers.<n>.<hugging_face>.weight; the same for
// bias.
constexpr NameRow kLayerNames[] = {
    {"attn_norm", "input_layernorm"},    {"attn_q", "self_attn.q_proj"},
    {"attn_k", "self_attn.k_proj"},      {"attn_v", "self_attn.v_proj"},
    {"attn_output", "self_attn.o_proj"}, {"attn_q_norm", "self_attn.q_norm"},
    {"attn_k_norm", "self_attn.k_norm"}, {"ffn_norm", "post_attention_layernorm"},
    {"ffn_gate", "mlp.gate_proj"},       {"ffn_up", "mlp.up_proj"},
    {"ffn_down", "mlp.down_proj"},
};

template <std::size_t N>
std::optional<std::string_view> find_name(const NameRow (&rows)[N], std::string_view gguf) {
  const auto* found =
      std::find_if(rows, rows + N, [&](const NameRow& row) { return row.gguf == gguf; });
  return found == rows + N ? std::nullopt : std::optional(found->hugging_face);
}

bool is_number(std::string_view text) {
  return !text.empty() && text.size() <= 4 &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// Splits "blk.<n>.<stem>" and gives the new stem.
std::optional<std::string> layer_stem(std::string_view stem) {
  if (!stem.starts_with("blk.")) return std::nullopt;
  const std::size_t dot = stem.find('.', 4);
  if (dot == std::string_view::npos) return std::nullopt;
  const std::string_view layer = stem.substr(4, dot - 4);
  const auto name = find_name(kLayerNames, stem.substr(dot + 1));
  if (!is_number(layer) || !name) return std::nullopt;
  return "model.layers." + std::string(layer) + "." + std::string(*name);
}

}  // namespace

Result<std::optional<std::string>> hugging_face_tensor_name(std::string_view gguf_name) {
  if (gguf_name == "rope_freqs.weight" || gguf_name.ends_with(".attn_rot_embd") ||
      gguf_name.ends_with(".rope_freqs.weight")) {
    return std::optional<std::string>();
  }
  const std::size_t dot = gguf_name.rfind('.');
  if (dot != std::string_view::npos) {
    const std::string_view stem = gguf_name.substr(0, dot);
    const std::string_view suffix = gguf_name.substr(dot);
    if (suffix == ".weight" || suffix == ".bias") {
      if (const auto name = layer_stem(stem)) {
        return std::optional<std::string>(*name + std::string(suffix));
      }
      const auto name = find_name(kModelNames, stem);
      if (name && suffix == ".weight") {
        return std::optional<std::string>(std::string(*name) + std::string(suffix));
      }
    }
  }
  return Error{ErrorCode::kUnsupported,
               "tensor " + std::string(gguf_name) + " belongs to no model family known here"};
}

}  // namespace tessera
