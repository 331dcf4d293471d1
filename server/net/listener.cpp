#include "server/net/listener.h"

#include <spdlog/spdlog.h>

#include <exception>
#include <utility>

#include "server/net/http_connection.h"

namespace tessera::net {
namespace {

constexpr std::chrono::milliseconds kRetryPause{100};

}  // namespace

asio::awaitable<void> Listener::run() {
  while (acceptor_.is_open()) {
    auto [error, socket] = co_await acceptor_.async_accept(kAsTuple);
    if (!error) {
      serve(std::move(socket));
      continue;
    }
    if (!acceptor_.is_open()) co_return;
    // Out of descriptors, most likely: wait until some are closed.
    spdlog::warn("a connection could not be accepted: {}", error.message());
    asio::steady_timer pause(acceptor_.get_executor(), kRetryPause);
    co_await pause.async_wait(kAsTuple);
  }
}

void Listener::serve(tcp::socket socket) {
  if (state_.connection_count >= protocol::kHttpConnectionsMax) {
    spdlog::warn("a connection was refused: {} are open", state_.connection_count);
    return;
  }
  beast::error_code ignored;
  socket.set_option(tcp::no_delay(true), ignored);
  const auto executor = socket.get_executor();
  asio::co_spawn(executor, serve_connection(std::move(socket), state_),
                 [](const std::exception_ptr& exception) {
                   if (!exception) return;
                   try {
                     std::rethrow_exception(exception);
                   } catch (const std::exception& caught) {
                     spdlog::error("a connection ended by an exception: {}", caught.what());
                   }
                 });
}

void Listener::close() {
  beast::error_code ignored;
  acceptor_.close(ignored);
}

}  // namespace tessera::net
