// Listener: accepts TCP connections and serves each in its own coroutine.
#pragma once

#include <utility>

#include "server/net/beast.h"
#include "server/net/server_state.h"

namespace tessera::net {

class Listener {
 public:
  // REQUIRES: the acceptor listens.
  Listener(ServerState& state, tcp::acceptor acceptor)
      : state_(state), acceptor_(std::move(acceptor)) {}

  // Accepts until `close`.
  asio::awaitable<void> run();
  void close();

 private:
  void serve(tcp::socket socket);

  ServerState& state_;
  tcp::acceptor acceptor_;
};

}  // namespace tessera::net
