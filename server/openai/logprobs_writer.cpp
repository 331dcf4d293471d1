#include "server/openai/logprobs_writer.h"

#include <string>

namespace tessera {
namespace {

// WireTokenLogprob and WireTopLogprob have the same members here.
template <typename Token>
void write_token(JsonWriter& json, const Token& token) {
  json.key("token").string(token.token).key("logprob").number(token.logprob).key("bytes");
  json.begin_array();
  if (token.bytes) {
    for (const std::uint32_t byte : *token.bytes) json.integer(byte);
  } else {
    for (const char byte : token.token) json.integer(static_cast<unsigned char>(byte));
  }
  json.end_array();
}

void write_chat(JsonWriter& json, std::span<const protocol::WireTokenLogprob> tokens) {
  json.begin_object().key("content").begin_array();
  for (const auto& token : tokens) {
    json.begin_object();
    write_token(json, token);
    json.key("top_logprobs").begin_array();
    for (const auto& top : token.top_logprobs) {
      json.begin_object();
      write_token(json, top);
      json.end_object();
    }
    json.end_array().end_object();
  }
  json.end_array().key("refusal").null().end_object();
}

void write_text(JsonWriter& json, std::span<const protocol::WireTokenLogprob> tokens,
                std::size_t text_offset) {
  json.begin_object().key("tokens").begin_array();
  for (const auto& token : tokens) json.string(token.token);
  json.end_array().key("token_logprobs").begin_array();
  for (const auto& token : tokens) json.number(token.logprob);
  json.end_array().key("top_logprobs").begin_array();
  for (const auto& token : tokens) {
    json.begin_object();
    for (const auto& top : token.top_logprobs) json.key(top.token).number(top.logprob);
    json.end_object();
  }
  json.end_array().key("text_offset").begin_array();
  for (const auto& token : tokens) {
    json.integer(static_cast<std::int64_t>(text_offset));
    text_offset += token.token.size();
  }
  json.end_array().end_object();
}

}  // namespace

void write_logprobs(JsonWriter& json, CompletionKind kind,
                    std::span<const protocol::WireTokenLogprob> tokens, std::size_t text_offset) {
  if (kind == CompletionKind::kChat) return write_chat(json, tokens);
  write_text(json, tokens, text_offset);
}

}  // namespace tessera
