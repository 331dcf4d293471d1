#include "server/net/server.h"

#include <spdlog/spdlog.h>

#include <csignal>
#include <utility>

#include "server/net/beast.h"
#include "server/net/listener.h"
#include "server/net/server_state.h"
#include "server/net/websocket_session.h"

namespace tessera::net {
namespace {

constexpr std::chrono::milliseconds kTick{100};
constexpr std::chrono::milliseconds kShutdownPoll{20};
constexpr std::chrono::milliseconds kShutdownGrace{protocol::kShutdownGraceMs};
constexpr std::chrono::milliseconds kFlushGrace{1000};

std::string address_of(const ServeOptions& options, std::uint16_t port) {
  const bool is_any = options.host == "0.0.0.0" || options.host == "::";
  std::string host = is_any ? "localhost" : options.host;
  if (host.find(':') != std::string::npos) host = '[' + host + ']';
  return "http://" + host + ":" + std::to_string(port) + "/";
}

}  // namespace

struct Server::Loop {
  Loop(ServeOptions options, ModelCatalog catalog, const tcp::endpoint& endpoint,
       const std::string& version);
  ~Loop();

  asio::awaitable<void> watch_signals();
  asio::awaitable<void> watch_deadlines();
  asio::awaitable<void> shut_down();
  void begin_shutdown();
  asio::awaitable<void> pause(std::chrono::milliseconds time);
  // Waits until `is_done`, at most that long.
  asio::awaitable<void> wait_until(std::function<bool()> is_done, std::chrono::milliseconds most);

  // The state outlives the event loop, whose coroutines refer to it until they are destroyed.
  std::uint16_t port = 0;
  std::string address;
  std::unique_ptr<ServerState> state;
  asio::io_context context{1};
  std::unique_ptr<Listener> listener;
  asio::signal_set signals{context, SIGTERM, SIGINT};
  bool is_shutting_down = false;
};

Server::Loop::Loop(ServeOptions options, ModelCatalog catalog, const tcp::endpoint& endpoint,
                   const std::string& version) {
  // The address, which the state holds, is known once the port is bound.
  tcp::acceptor acceptor(context, endpoint);
  port = acceptor.local_endpoint().port();
  address = address_of(options, port);
  state = std::make_unique<ServerState>(std::move(options), std::move(catalog), address, version);
  listener = std::make_unique<Listener>(*state, std::move(acceptor));
}

Server::Loop::~Loop() {
  listener->close();
  for (WebSocketSession* session : state->sessions) session->close_for_shutdown();
  context.restart();
  context.poll();
}

asio::awaitable<void> Server::Loop::pause(std::chrono::milliseconds time) {
  asio::steady_timer timer(context, time);
  co_await timer.async_wait(kAsTuple);
}

asio::awaitable<void> Server::Loop::watch_signals() {
  while (true) {
    const auto [error, number] = co_await signals.async_wait(kAsTuple);
    if (error) co_return;
    spdlog::info("signal {}: shutting down", number);
    if (is_shutting_down) context.stop();
    begin_shutdown();
  }
}

asio::awaitable<void> Server::Loop::watch_deadlines() {
  while (true) {
    co_await pause(kTick);
    state->broker.check_deadlines();
    for (WebSocketSession* session : state->sessions) session->check_deadlines();
  }
}

asio::awaitable<void> Server::Loop::wait_until(std::function<bool()> is_done,
                                               std::chrono::milliseconds most) {
  const auto deadline = std::chrono::steady_clock::now() + most;
  while (!is_done() && std::chrono::steady_clock::now() < deadline) co_await pause(kShutdownPoll);
}

asio::awaitable<void> Server::Loop::shut_down() {
  Broker& broker = state->broker;
  broker.begin_shutdown();
  for (WebSocketSession* session : state->sessions) session->announce_shutdown();
  co_await wait_until([&] { return broker.running_count() + broker.queued_count() == 0; },
                      kShutdownGrace);
  broker.finish_shutdown();
  listener->close();
  for (WebSocketSession* session : state->sessions) session->close_for_shutdown();
  co_await wait_until([&] { return state->sessions.empty() && state->exchange_count == 0; },
                      kFlushGrace);
  context.stop();
}

void Server::Loop::begin_shutdown() {
  if (std::exchange(is_shutting_down, true)) return;
  asio::co_spawn(context, shut_down(), asio::detached);
}

Result<std::unique_ptr<Server>> Server::start(ServeOptions options, ModelCatalog catalog,
                                              const std::string& version) {
  beast::error_code error;
  const std::string host = options.host == "localhost" ? "127.0.0.1" : options.host;
  const auto ip_address = asio::ip::make_address(host, error);
  if (error) {
    return Error{ErrorCode::kInvalidArgument,
                 "--host " + options.host + " is not an IP address; use 127.0.0.1 or 0.0.0.0"};
  }
  const tcp::endpoint endpoint(ip_address, options.port);
  try {
    auto loop = std::make_unique<Loop>(std::move(options), std::move(catalog), endpoint, version);
    return std::unique_ptr<Server>(new Server(std::move(loop)));
  } catch (const boost::system::system_error& caught) {
    return Error{ErrorCode::kIo, host + ":" + std::to_string(endpoint.port()) +
                                     " cannot be used: " + caught.code().message() +
                                     "; choose another --port, or 0 for any that is free"};
  }
}

Server::Server(std::unique_ptr<Loop> loop) : loop_(std::move(loop)) {}

Server::~Server() = default;

const std::string& Server::address() const {
  return loop_->address;
}

std::uint16_t Server::port() const {
  return loop_->port;
}

void Server::run() {
  Loop& loop = *loop_;
  asio::co_spawn(loop.context, loop.listener->run(), asio::detached);
  asio::co_spawn(loop.context, loop.watch_signals(), asio::detached);
  asio::co_spawn(loop.context, loop.watch_deadlines(), asio::detached);
  loop.context.run();
}

void Server::stop() {
  asio::post(loop_->context, [this] { loop_->begin_shutdown(); });
}

}  // namespace tessera::net
