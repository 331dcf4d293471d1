// WebSocketSession: carries one protocol session over a WebSocket, with a bounded queue of what is
// to be sent.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "server/net/beast.h"
#include "server/net/server_state.h"
#include "server/net/signal.h"
#include "server/session/peer_session.h"

namespace tessera::net {

class WebSocketSession final : public PeerConnection,
                               public std::enable_shared_from_this<WebSocketSession> {
 public:
  WebSocketSession(beast::tcp_stream stream, ServerState& state);
  ~WebSocketSession() override;

  // Returns when the connection ends. REQUIRES: the request is an upgrade that may be accepted.
  asio::awaitable<void> run(http::request<http::string_body> request);

  // Cuts peers that have missed a deadline; to be called a few times a second.
  void check_deadlines();
  void announce_shutdown();
  void close_for_shutdown();

  void send_text(std::string text) override;
  void close(std::uint16_t close_code, std::string_view reason) override;
  void wake_shards() override { wake_writer_.notify(); }

 private:
  asio::awaitable<bool> accept(const http::request<http::string_body>& request);
  asio::awaitable<void> read_messages();
  asio::awaitable<void> write_messages();
  asio::awaitable<bool> write_next_text();
  asio::awaitable<bool> write_shard_piece(const ShardPiece& piece);
  void cut_slow_consumer();
  void end();

  struct CloseRequest {
    std::uint16_t code;
    std::string reason;
  };

  ServerState& state_;
  const std::string session_id_;
  websocket::stream<beast::tcp_stream> stream_;
  std::optional<PeerSession> session_;  // until the connection ends
  std::deque<std::string> queue_;
  std::size_t queue_bytes_ = 0;
  std::optional<CloseRequest> close_request_;
  TimePoint handshake_deadline_;
  TimePoint close_deadline_;  // with close_request_
  bool has_ended_ = false;
  bool is_handshake_checked_ = false;
  Signal wake_writer_;
  Signal wake_reader_;
};

// Upgrades the connection and serves it to its end.
asio::awaitable<void> serve_websocket(beast::tcp_stream stream,
                                      http::request<http::string_body> request, ServerState& state);

}  // namespace tessera::net
