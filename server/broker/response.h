// Response: one answer from its creation until it is forgotten, as the broker sees it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "protocol/generated/protocol.h"
#include "server/broker/clock.h"
#include "server/broker/replay_log.h"
#include "server/broker/runner.h"

namespace tessera {

enum class ResponseState { kQueued, kRunning, kEnded };

struct Response {
  Response(protocol::ResponseAssign request, std::size_t replay_log_bytes_max)
      : assign(std::move(request)), log(replay_log_bytes_max) {}

  const std::string& id() const { return assign.response_id; }
  const std::string& model() const { return assign.model; }

  protocol::ResponseAssign assign;       // what a runner gets, but for continuation_ids
  std::vector<std::uint32_t> token_ids;  // all tokens so far
  std::size_t text_bytes = 0;            // of all deltas
  std::uint64_t prompt_tokens = 0;       // as far as a runner has said
  ResponseState state = ResponseState::kQueued;
  bool is_resumable = false;
  ResponseListener* listener = nullptr;
  ReplayLog log;
  std::uint64_t sequence_next = 0;

  std::optional<RunnerId> runner;  // while kRunning
  std::uint64_t runner_sequence_next = 0;
  std::size_t attempts = 0;
  std::string lost_reason;                     // why the last runner was lost
  std::optional<std::uint64_t> position_told;  // while kQueued

  TimePoint created_at;
  TimePoint last_token_at;                     // once token_ids is not empty
  TimePoint wait_deadline;                     // while kQueued
  TimePoint stall_deadline;                    // while kRunning
  std::optional<TimePoint> detached_deadline;  // while nobody listens
  TimePoint forget_deadline;                   // once kEnded
};

}  // namespace tessera
