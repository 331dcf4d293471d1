#include "server/openai/completion_writer.h"

#include <utility>

#include "server/openai/logprobs_writer.h"

namespace tessera {
namespace {

void write_usage(JsonWriter& json, const protocol::WireUsage& usage) {
  const auto count = [&json](const char* name, std::uint64_t value) {
    json.key(name).integer(static_cast<std::int64_t>(value));
  };
  json.begin_object();
  count("prompt_tokens", usage.prompt_tokens);
  count("completion_tokens", usage.completion_tokens);
  count("total_tokens", usage.prompt_tokens + usage.completion_tokens);
  json.key("prompt_tokens_details").begin_object();
  count("cached_tokens", usage.cached_tokens.value_or(0));
  json.end_object().end_object();
}

// OpenAI knows no "cancelled"; only a response cut off by the server can get here with it.
std::string finish_reason_of(const protocol::ResponseCompleted& completed) {
  return completed.finish_reason == protocol::ResponseCompletedFinishReason::kLength ? "length"
                                                                                     : "stop";
}

void write_finish_reason(JsonWriter& json, const std::string* finish_reason) {
  json.key("finish_reason");
  if (finish_reason != nullptr) {
    json.string(*finish_reason);
  } else {
    json.null();
  }
}

}  // namespace

CompletionWriter::CompletionWriter(const CompletionRequest& request)
    : kind_(request.kind),
      includes_usage_(request.includes_usage),
      has_logprobs_(request.create.logprobs.has_value()) {}

std::string CompletionWriter::stream_text(const ResponseEvent& event) {
  if (std::holds_alternative<protocol::ResponseCreated>(event)) add(event);
  if (const auto* delta = std::get_if<protocol::ResponseDelta>(&event)) {
    const bool has_news = !delta->delta.empty() || (has_logprobs_ && delta->logprobs);
    return has_news ? chunk(delta, nullptr) : std::string();
  }
  if (const auto* completed = std::get_if<protocol::ResponseCompleted>(&event)) {
    return stream_end(*completed);
  }
  if (const auto* failed = std::get_if<protocol::ResponseFailed>(&event)) {
    return server_sent_event(error_body(failed->error));
  }
  return {};
}

void CompletionWriter::add(const ResponseEvent& event) {
  if (const auto* created = std::get_if<protocol::ResponseCreated>(&event)) {
    const std::string prefix = kind_ == CompletionKind::kChat ? "chatcmpl-" : "cmpl-";
    id_ = prefix + created->response_id.substr(2);
    model_ = created->model;
    created_ = created->created_at;
  } else if (const auto* delta = std::get_if<protocol::ResponseDelta>(&event)) {
    text_ += delta->delta;
    if (delta->logprobs) {
      logprobs_.insert(logprobs_.end(), delta->logprobs->begin(), delta->logprobs->end());
    }
  } else if (const auto* completed = std::get_if<protocol::ResponseCompleted>(&event)) {
    completed_ = *completed;
  }
}

void CompletionWriter::begin_object(JsonWriter& json, bool is_chunk) const {
  const bool is_chat = kind_ == CompletionKind::kChat;
  const char* chat = is_chunk ? "chat.completion.chunk" : "chat.completion";
  json.begin_object().key("id").string(id_).key("object").string(is_chat ? chat
                                                                         : "text_completion");
  json.key("created").integer(static_cast<std::int64_t>(created_)).key("model").string(model_);
}

void CompletionWriter::write_delta(JsonWriter& json, const protocol::ResponseDelta* delta) {
  if (kind_ == CompletionKind::kText) {
    json.key("text").string(delta != nullptr ? delta->delta : std::string());
  } else {
    json.key("delta").begin_object();
    if (!std::exchange(is_role_sent_, true)) {
      json.key("role").string("assistant");
      if (delta == nullptr) json.key("content").string("");
    }
    if (delta != nullptr) json.key("content").string(delta->delta);
    json.end_object();
  }
  json.key("logprobs");
  if (delta != nullptr && has_logprobs_ && delta->logprobs) {
    write_logprobs(json, kind_, *delta->logprobs, text_bytes_);
  } else {
    json.null();
  }
  if (delta != nullptr) text_bytes_ += delta->delta.size();
}

std::string CompletionWriter::chunk(const protocol::ResponseDelta* delta,
                                    const std::string* finish_reason) {
  std::string text;
  if (kind_ == CompletionKind::kChat && delta != nullptr && !is_role_sent_) {
    text = chunk(nullptr, nullptr);
  }
  JsonWriter json;
  begin_object(json, /*is_chunk=*/true);
  json.key("choices").begin_array().begin_object().key("index").integer(0);
  write_delta(json, delta);
  write_finish_reason(json, finish_reason);
  json.end_object().end_array();
  if (includes_usage_) json.key("usage").null();
  json.end_object();
  return text + server_sent_event(std::move(json).take());
}

std::string CompletionWriter::usage_chunk(const protocol::WireUsage& usage) const {
  JsonWriter json;
  begin_object(json, /*is_chunk=*/true);
  json.key("choices").begin_array().end_array().key("usage");
  write_usage(json, usage);
  json.end_object();
  return server_sent_event(std::move(json).take());
}

std::string CompletionWriter::stream_end(const protocol::ResponseCompleted& completed) {
  const std::string finish_reason = finish_reason_of(completed);
  std::string text;
  if (kind_ == CompletionKind::kChat && !is_role_sent_) text = chunk(nullptr, nullptr);
  text += chunk(nullptr, &finish_reason);
  if (includes_usage_) text += usage_chunk(completed.usage);
  return text + server_sent_event("[DONE]");
}

std::string CompletionWriter::body() const {
  JsonWriter json;
  begin_object(json, /*is_chunk=*/false);
  json.key("choices").begin_array().begin_object().key("index").integer(0);
  if (kind_ == CompletionKind::kChat) {
    json.key("message").begin_object().key("role").string("assistant");
    json.key("content").string(text_).key("refusal").null().end_object();
  } else {
    json.key("text").string(text_);
  }
  json.key("logprobs");
  if (has_logprobs_) {
    write_logprobs(json, kind_, logprobs_, 0);
  } else {
    json.null();
  }
  const std::string finish_reason = finish_reason_of(completed_);
  write_finish_reason(json, &finish_reason);
  json.end_object().end_array().key("usage");
  write_usage(json, completed_.usage);
  json.end_object();
  return std::move(json).take();
}

std::string error_body(const protocol::WireError& error) {
  const auto& row = protocol::error_row(protocol::error_name(error.code));
  JsonWriter json;
  json.begin_object().key("error").begin_object().key("message").string(error.message);
  json.key("type").string(row.openai_type).key("param");
  if (error.param) {
    json.string(*error.param);
  } else {
    json.null();
  }
  json.key("code").string(error.code).end_object().end_object();
  return std::move(json).take();
}

std::string error_body(const protocol::Problem& problem) {
  return error_body(protocol::wire_error(problem));
}

std::string server_sent_event(std::string_view data) {
  return "data: " + std::string(data) + "\n\n";
}

}  // namespace tessera
