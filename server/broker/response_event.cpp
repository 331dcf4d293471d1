#include "server/broker/response_event.h"

namespace tessera {

std::size_t event_size_bytes(const ResponseEvent& event) {
  std::size_t size = sizeof(ResponseEvent);
  if (const auto* delta = std::get_if<protocol::ResponseDelta>(&event)) {
    size += delta->response_id.size() + delta->delta.size() + delta->token_ids.size() * 4;
    if (delta->logprobs) {
      for (const auto& token : *delta->logprobs) {
        const std::size_t alternatives = token.top_logprobs.size();
        size += (alternatives + 1) * sizeof(protocol::WireTopLogprob) + token.token.size();
        if (token.bytes) size += token.bytes->size() * 4;
        for (const auto& top : token.top_logprobs) {
          size += top.token.size() + (top.bytes ? top.bytes->size() * 4 : 0);
        }
      }
    }
  }
  return size;
}

bool is_final(const ResponseEvent& event) {
  return std::holds_alternative<protocol::ResponseCompleted>(event) ||
         std::holds_alternative<protocol::ResponseFailed>(event);
}

}  // namespace tessera
