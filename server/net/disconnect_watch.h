// DisconnectWatch: notices that a peer has gone while nothing is read from it, so that an answer
// nobody waits for is not computed.
#pragma once

#include <functional>
#include <memory>

#include "server/net/beast.h"
#include "server/net/signal.h"

namespace tessera::net {

class DisconnectWatch {
 public:
  // Calls `on_disconnect` once if the peer closes its side, until `stop`. Nobody else may wait for
  // the socket to become readable meanwhile.
  DisconnectWatch(tcp::socket& socket, std::function<void()> on_disconnect);

  // REQUIRES: to be awaited before the socket is read again, and before destruction.
  asio::awaitable<void> stop();

 private:
  struct Shared;
  static asio::awaitable<void> watch(std::shared_ptr<Shared> shared);

  std::shared_ptr<Shared> shared_;
};

}  // namespace tessera::net
