// What a session does with each message after its handshake.
#include <algorithm>

#include "protocol/write_message.h"
#include "server/session/peer_session.h"

namespace tessera {

using protocol::ErrorName;
using protocol::Problem;

void PeerSession::handle(const protocol::SessionHello& message) {
  refuse({ErrorName::kInvalidArgument, "session.hello was said already", "type"}, message.event_id);
}

void PeerSession::handle(const protocol::SessionPing& message) {
  protocol::SessionPong pong;
  pong.event_id = message.event_id;
  connection_.send_text(protocol::write_message(pong));
}

void PeerSession::handle(const protocol::RunnerReady& message) {
  const auto problem = context_.broker.runner_ready(*runner_, message);
  if (problem) refuse(*problem, message.event_id);
}

void PeerSession::handle(const protocol::RunnerPaused&) {
  context_.broker.runner_paused(*runner_);
}

void PeerSession::handle(const protocol::ResponseInProgress& message) {
  context_.broker.runner_progress(*runner_, message);
}

void PeerSession::handle(protocol::ResponseDelta& message) {
  context_.broker.runner_delta(*runner_, std::move(message));
}

void PeerSession::handle(const protocol::ResponseCompleted& message) {
  context_.broker.runner_completed(*runner_, message);
}

void PeerSession::handle(const protocol::ResponseFailed& message) {
  context_.broker.runner_failed(*runner_, message);
}

void PeerSession::handle(const protocol::ResponseCreate& message) {
  const auto result = context_.broker.create(message, *this, /*is_resumable=*/true);
  if (const auto* problem = std::get_if<Problem>(&result)) refuse(*problem, message.event_id);
}

void PeerSession::handle(const protocol::ResponseCancel& message) {
  const auto problem = context_.broker.cancel(message.response_id);
  if (problem) refuse(*problem, message.event_id, message.response_id);
}

void PeerSession::handle(const protocol::ResponseResume& message) {
  const auto problem =
      context_.broker.resume(message.response_id, message.after_sequence_number, *this);
  if (problem) refuse(*problem, message.event_id, message.response_id);
}

void PeerSession::handle(const protocol::ShardRequest& message) {
  const CatalogShard* shard = context_.catalog.find_shard(message.sha256);
  std::optional<Problem> problem;
  if (shard != nullptr) {
    problem = shards_.add(message, *shard);
  } else {
    const auto is_hex = [](char digit) {
      return (digit >= '0' && digit <= '9') || (digit >= 'a' && digit <= 'f');
    };
    const bool is_hash = std::ranges::all_of(message.sha256, is_hex);
    problem = is_hash ? Problem{ErrorName::kShardNotFound, "no shard " + message.sha256, "sha256"}
                      : Problem{ErrorName::kInvalidArgument,
                                "sha256 is not 64 lower-case hexadecimal digits", "sha256"};
  }
  if (problem) return refuse(*problem, {}, {}, message.request_id);
  connection_.wake_shards();
}

void PeerSession::handle(const protocol::ShardCredit& message) {
  const auto problem = shards_.add_credit(message.request_id, message.bytes);
  if (problem) return refuse(*problem, {}, {}, message.request_id);
  connection_.wake_shards();
}

void PeerSession::handle(const protocol::ShardCancel& message) {
  shards_.cancel(message.request_id);
}

void PeerSession::fail_shard(std::uint32_t request_id, const std::string& message) {
  shards_.cancel(request_id);
  refuse({ErrorName::kIo, message, {}}, {}, {}, request_id);
}

}  // namespace tessera
