// PeerSession: the protocol's side of one WebSocket connection, from session.hello to its end. It
// reads messages, checks the handshake, and passes on to broker and shards; it knows no sockets.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "protocol/generated/protocol.h"
#include "protocol/problem.h"
#include "protocol/read_message.h"
#include "server/broker/broker.h"
#include "server/metrics/server_metrics.h"
#include "server/models/model_catalog.h"
#include "server/session/shard_schedule.h"

namespace tessera {

// The connection as its session uses it. Neither function calls the session back.
class PeerConnection {
 public:
  virtual ~PeerConnection() = default;
  // Takes the text into the connection's bounded queue.
  virtual void send_text(std::string text) = 0;
  // Closes after what was sent before.
  virtual void close(std::uint16_t close_code, std::string_view reason) = 0;
  // There may be a next shard piece.
  virtual void wake_shards() = 0;
};

// What all sessions of a server share.
struct SessionContext {
  Broker& broker;
  const ModelCatalog& catalog;
  ServerMetrics& metrics;
  std::string agent;    // what the server calls itself
  std::string api_key;  // empty: none is asked for
  std::uint32_t protocol_version = protocol::kVersion;
  std::uint32_t protocol_version_min = protocol::kVersionMin;
};

class PeerSession final : public ResponseListener, public RunnerConnection {
 public:
  PeerSession(SessionContext& context, PeerConnection& connection, std::string session_id);
  // Leaves the broker.
  ~PeerSession() override;
  PeerSession(const PeerSession&) = delete;
  PeerSession& operator=(const PeerSession&) = delete;

  void on_text(std::string_view text);
  void on_binary();
  // Closes a connection that has not said session.hello; to be called after the handshake timeout.
  void check_handshake();
  // Tells the peer that the server is going to stop.
  void announce_shutdown();
  void close_for_shutdown();
  // The shard piece that `shards` gave could not be read.
  void fail_shard(std::uint32_t request_id, const std::string& message);

  ShardSchedule& shards() { return shards_; }
  bool is_welcome() const { return role_.has_value(); }
  std::string_view role_name() const;

  void on_response_event(const SharedResponseEvent& event) override;
  void send_to_runner(const protocol::MessageToRunner& message) override;

 private:
  void greet(std::string_view text);
  std::optional<protocol::Problem> hello_problem(const protocol::SessionHello& hello) const;
  void welcome(const protocol::SessionHello& hello);
  template <typename Message>
  void dispatch(protocol::ReadResult<Message> result);
  // Refuses a message; closes the connection if the error's row says so and `is_fatal`.
  void refuse(const protocol::Problem& problem, const std::optional<std::string>& event_id,
              const std::string& response_id = {}, std::optional<std::uint32_t> request_id = {});

  void handle(const protocol::SessionHello& message);
  void handle(const protocol::SessionPing& message);
  void handle(const protocol::RunnerReady& message);
  void handle(const protocol::RunnerPaused& message);
  void handle(const protocol::ResponseInProgress& message);
  void handle(protocol::ResponseDelta& message);
  void handle(const protocol::ResponseCompleted& message);
  void handle(const protocol::ResponseFailed& message);
  void handle(const protocol::ResponseCreate& message);
  void handle(const protocol::ResponseCancel& message);
  void handle(const protocol::ResponseResume& message);
  void handle(const protocol::ShardRequest& message);
  void handle(const protocol::ShardCredit& message);
  void handle(const protocol::ShardCancel& message);

  SessionContext& context_;
  PeerConnection& connection_;
  const std::string session_id_;
  std::optional<protocol::SessionHelloRole> role_;  // once welcome
  std::optional<RunnerId> runner_;
  ShardSchedule shards_;
};

// The models of a catalog with the number of runners that hold each.
std::vector<protocol::WireModel> wire_models(const ModelCatalog& catalog, const Broker& broker);

}  // namespace tessera
