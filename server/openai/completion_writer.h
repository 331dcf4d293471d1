// CompletionWriter: turns the events of one response into what OpenAI's clients expect: chunks of a
// stream, or one object at the end.
#pragma once

#include <string>
#include <vector>

#include "base/json_writer.h"
#include "protocol/generated/protocol.h"
#include "protocol/problem.h"
#include "server/broker/response_event.h"
#include "server/openai/completion_request.h"

namespace tessera {

class CompletionWriter {
 public:
  explicit CompletionWriter(const CompletionRequest& request);

  // The server-sent events that a response event causes; may be empty. After the last event that
  // includes `data: [DONE]`; a failure is an error object instead.
  std::string stream_text(const ResponseEvent& event);

  // Takes one event of a response that is not streamed.
  void add(const ResponseEvent& event);
  // The whole answer. REQUIRES: a ResponseCompleted was added.
  std::string body() const;

 private:
  std::string chunk(const protocol::ResponseDelta* delta, const std::string* finish_reason);
  std::string usage_chunk(const protocol::WireUsage& usage) const;
  std::string stream_end(const protocol::ResponseCompleted& completed);
  void begin_object(JsonWriter& json, bool is_chunk) const;
  void write_delta(JsonWriter& json, const protocol::ResponseDelta* delta);

  const CompletionKind kind_;
  const bool includes_usage_;
  const bool has_logprobs_;
  std::string id_;
  std::string model_;
  std::uint64_t created_ = 0;
  bool is_role_sent_ = false;
  std::size_t text_bytes_ = 0;  // for text_offset
  std::string text_;
  std::vector<protocol::WireTokenLogprob> logprobs_;
  protocol::ResponseCompleted completed_;
};

// {"error": {"message", "type", "param", "code"}}
std::string error_body(const protocol::WireError& error);
std::string error_body(const protocol::Problem& problem);

// One server-sent event. REQUIRES: the text has no line break.
std::string server_sent_event(std::string_view data);

}  // namespace tessera
