// What happens to a response, as its listener learns it.
#pragma once

#include <memory>
#include <string>
#include <variant>

#include "protocol/generated/protocol.h"

namespace tessera {

// ResponseQueued and ResponseInProgress are hints without a sequence number.
using ResponseEvent =
    std::variant<protocol::ResponseCreated, protocol::ResponseQueued, protocol::ResponseInProgress,
                 protocol::ResponseDelta, protocol::ResponseCompleted, protocol::ResponseFailed>;
using SharedResponseEvent = std::shared_ptr<const ResponseEvent>;

// Whoever asked for a response. It is called from inside the broker and must not call it back.
class ResponseListener {
 public:
  virtual ~ResponseListener() = default;
  virtual void on_response_event(const SharedResponseEvent& event) = 0;
};

// About how much memory an event takes.
std::size_t event_size_bytes(const ResponseEvent& event);

bool is_final(const ResponseEvent& event);

}  // namespace tessera
