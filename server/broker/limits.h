// BrokerLimits: how much the broker holds and how long it waits; the protocol's numbers by default.
#pragma once

#include <cstddef>

#include "protocol/generated/protocol.h"
#include "server/broker/clock.h"

namespace tessera {

struct BrokerLimits {
  std::size_t queue_requests_max = protocol::kQueueRequestsMax;
  std::size_t responses_per_client_max = protocol::kResponsesPerClientMax;
  std::size_t replay_log_bytes_max = protocol::kReplayLogBytesMax;
  std::size_t replay_logs_max = protocol::kReplayLogsMax;
  std::size_t output_tokens_max = protocol::kOutputTokensMax;
  std::size_t output_bytes_max = protocol::kOutputBytesMax;
  std::size_t runner_attempts_max = protocol::kRunnerAttemptsMax;
  Milliseconds queue_wait_max{protocol::kQueueWaitMsMax};
  Milliseconds runner_wait_max{protocol::kRunnerWaitMsMax};
  Milliseconds runner_stall_max{protocol::kRunnerStallMsMax};
  Milliseconds runner_cancel_max{protocol::kRunnerCancelMsMax};
  Milliseconds resume_window{protocol::kResumeWindowMs};
};

}  // namespace tessera
