// Runner: a tab that holds a model, as the broker sees it.
#pragma once

#include <cstdint>
#include <string>

#include "protocol/generated/protocol.h"
#include "server/broker/clock.h"

namespace tessera {

enum class RunnerId : std::uint64_t {};

// The way to a runner. It is called from inside the broker and must not call it back.
class RunnerConnection {
 public:
  virtual ~RunnerConnection() = default;
  virtual void send_to_runner(const protocol::MessageToRunner& message) = 0;
};

struct Runner {
  RunnerConnection* connection = nullptr;
  std::string model;           // empty until its first runner.ready
  bool is_ready = false;       // takes responses when it has none
  bool is_cancelling = false;  // response_id was cancelled, and the runner has not said so yet
  std::string response_id;     // what it works on, or empty
  TimePoint cancel_deadline;   // while is_cancelling
  TimePoint idle_since;        // the one that is idle longest is next

  bool is_free() const { return is_ready && response_id.empty(); }
};

}  // namespace tessera
