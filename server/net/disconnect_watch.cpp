#include "server/net/disconnect_watch.h"

#include <sys/socket.h>

#include <utility>

namespace tessera::net {

struct DisconnectWatch::Shared {
  Shared(tcp::socket& watched, std::function<void()> callback)
      : socket(watched), on_disconnect(std::move(callback)), ended(watched.get_executor()) {}

  tcp::socket& socket;
  std::function<void()> on_disconnect;
  bool is_stopped = false;
  bool has_ended = false;
  Signal ended;
};

asio::awaitable<void> DisconnectWatch::watch(std::shared_ptr<Shared> shared) {
  const auto [error] = co_await shared->socket.async_wait(tcp::socket::wait_read, kAsTuple);
  char byte = 0;
  const bool may_look = !error && !shared->is_stopped;
  // Bytes that have come belong to the next request, and the peer is there.
  if (may_look && ::recv(shared->socket.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT) <= 0) {
    shared->on_disconnect();
  }
  shared->has_ended = true;
  shared->ended.notify();
}

DisconnectWatch::DisconnectWatch(tcp::socket& socket, std::function<void()> on_disconnect)
    : shared_(std::make_shared<Shared>(socket, std::move(on_disconnect))) {
  asio::co_spawn(socket.get_executor(), watch(shared_), asio::detached);
}

asio::awaitable<void> DisconnectWatch::stop() {
  shared_->is_stopped = true;
  beast::error_code ignored;
  while (!shared_->has_ended) {
    shared_->socket.cancel(ignored);
    co_await shared_->ended.wait();
  }
}

}  // namespace tessera::net
