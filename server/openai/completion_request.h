// Reads the body of POST /v1/chat/completions and /v1/completions, as OpenAI's clients send it.
#pragma once

#include <string_view>
#include <variant>

#include "protocol/generated/protocol.h"
#include "protocol/problem.h"

namespace tessera {

enum class CompletionKind { kChat, kText };

struct CompletionRequest {
  CompletionKind kind = CompletionKind::kChat;
  protocol::ResponseCreate create;
  bool is_stream = false;
  bool includes_usage = false;  // stream_options.include_usage
};

// Members that change nothing here (user, metadata, store …) are ignored; a setting that would
// change the answer and is not implemented is refused by name.
// Problems: invalid_argument and unsupported, with `param`; invalid_message if it is no JSON
// object.
std::variant<CompletionRequest, protocol::Problem> read_completion_request(CompletionKind kind,
                                                                           std::string_view body);

}  // namespace tessera
