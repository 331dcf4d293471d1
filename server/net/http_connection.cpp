#include "server/net/http_connection.h"

#include <spdlog/spdlog.h>

#include <chrono>
#include <optional>
#include <utility>

#include "server/net/endpoints.h"
#include "server/net/exchange.h"
#include "server/net/websocket_session.h"

namespace tessera::net {

using protocol::ErrorName;
using protocol::Problem;

namespace {

constexpr std::chrono::milliseconds kIdleTimeout{protocol::kHttpIdleTimeoutMs};
constexpr std::chrono::milliseconds kHeaderTimeout{protocol::kHttpHeaderTimeoutMs};
constexpr std::chrono::milliseconds kBodyTimeout{protocol::kHttpBodyTimeoutMs};
constexpr std::size_t kReadBytes = 4096;
constexpr std::size_t kLingerBytesMax = 4u << 20;
constexpr std::chrono::seconds kLingerTimeout{2};

using Parser = http::request_parser<http::string_body>;

// Counts something for as long as it lives.
class CountGuard {
 public:
  explicit CountGuard(std::size_t& count) : count_(count) { ++count_; }
  ~CountGuard() { --count_; }
  CountGuard(const CountGuard&) = delete;
  CountGuard& operator=(const CountGuard&) = delete;

 private:
  std::size_t& count_;
};

class HttpConnection {
 public:
  HttpConnection(tcp::socket socket, ServerState& state)
      : state_(state), stream_(std::move(socket)), count_(state.connection_count) {
    buffer_.max_size(protocol::kHttpHeaderBytesMax + kReadBytes);
  }

  asio::awaitable<void> run();

 private:
  asio::awaitable<bool> wait_for_request();
  asio::awaitable<beast::error_code> read_request(Parser& parser);
  asio::awaitable<void> refuse(beast::error_code error, const Parser& parser);
  asio::awaitable<void> answer(Request request);
  asio::awaitable<void> linger();
  std::string next_request_id();

  ServerState& state_;
  beast::tcp_stream stream_;
  beast::flat_buffer buffer_;
  CountGuard count_;
  bool keeps_alive_ = true;
};

std::string HttpConnection::next_request_id() {
  return "q-" + std::to_string(state_.started_at) + "-" + std::to_string(++state_.request_count);
}

// An idle connection holds no parser; the time for a request starts with its first byte.
asio::awaitable<bool> HttpConnection::wait_for_request() {
  if (buffer_.size() > 0) co_return true;
  stream_.expires_after(kIdleTimeout);
  const auto [error, size] =
      co_await stream_.async_read_some(buffer_.prepare(kReadBytes), kAsTuple);
  buffer_.commit(size);
  co_return !error;
}

asio::awaitable<beast::error_code> HttpConnection::read_request(Parser& parser) {
  parser.header_limit(static_cast<std::uint32_t>(protocol::kHttpHeaderBytesMax));
  parser.body_limit(protocol::kHttpBodyBytesMax);
  stream_.expires_after(kHeaderTimeout);
  {
    const auto [error, size] = co_await http::async_read_header(stream_, buffer_, parser, kAsTuple);
    if (error) co_return error;
  }
  stream_.expires_after(kBodyTimeout);
  if (beast::iequals(parser.get()[http::field::expect], "100-continue") && !parser.is_done()) {
    constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
    co_await asio::async_write(stream_, asio::buffer(kContinue), kAsTuple);
  }
  const auto [error, size] = co_await http::async_read(stream_, buffer_, parser, kAsTuple);
  co_return error;
}

Problem problem_of(beast::error_code error) {
  if (error == http::error::body_limit) {
    return {ErrorName::kMessageTooLarge,
            "the body has more than " + std::to_string(protocol::kHttpBodyBytesMax) + " bytes",
            {}};
  }
  if (error == http::error::header_limit || error == http::error::buffer_overflow) {
    return {ErrorName::kMessageTooLarge,
            "the header has more than " + std::to_string(protocol::kHttpHeaderBytesMax) + " bytes",
            {}};
  }
  if (error == beast::error::timeout) {
    return {ErrorName::kIdleTimeout, "the request did not arrive in time", {}};
  }
  return {ErrorName::kInvalidMessage, "the request is not HTTP: " + error.message(), {}};
}

// Tells the peer what was wrong with its request, if it can still be told, and ends.
asio::awaitable<void> HttpConnection::refuse(beast::error_code error, const Parser& parser) {
  keeps_alive_ = false;
  const bool is_ours = error.category() == make_error_code(http::error::bad_method).category();
  if (error == http::error::end_of_stream || error == http::error::partial_message || !is_ours) {
    co_return;
  }
  Request request;
  request.version(parser.is_header_done() ? parser.get().version() : 11);
  request.target("/");
  request.keep_alive(false);
  Exchange exchange(state_, stream_, std::move(request), next_request_id());
  exchange.give_up();
  co_await exchange.send_problem(problem_of(error));
  spdlog::info("{} refused: {}", exchange.request_id(), error.message());
  state_.metrics.http_requests("invalid", exchange.status()).add();
  co_await linger();
}

// Reads on for a while: a socket closed with unread bytes would take the answer away from the peer.
asio::awaitable<void> HttpConnection::linger() {
  beast::error_code ignored;
  stream_.socket().shutdown(tcp::socket::shutdown_send, ignored);
  std::array<char, kReadBytes> discarded;
  stream_.expires_after(kLingerTimeout);
  for (std::size_t total = 0; total < kLingerBytesMax;) {
    const auto [error, size] = co_await stream_.async_read_some(asio::buffer(discarded), kAsTuple);
    if (error) co_return;
    total += size;
  }
}

asio::awaitable<void> HttpConnection::answer(Request request) {
  const CountGuard count(state_.exchange_count);
  const auto started = std::chrono::steady_clock::now();
  Exchange exchange(state_, stream_, std::move(request), next_request_id());
  co_await answer_exchange(exchange);
  keeps_alive_ = exchange.keeps_alive() && !state_.broker.is_closing();
  const std::string_view name = endpoint_name(exchange.route().endpoint);
  state_.metrics.http_requests(name, exchange.status()).add();
  const auto level = name == "static" || name == "shard" || name == "metrics" || name == "health"
                         ? spdlog::level::debug
                         : spdlog::level::info;
  using Seconds = std::chrono::duration<double>;
  const std::string_view method = exchange.request().method_string();
  spdlog::log(level, "{} {} {} {} {:.3f} s", exchange.request_id(), method,
              std::string_view(exchange.request().target()).substr(0, 200), exchange.status(),
              Seconds(std::chrono::steady_clock::now() - started).count());
}

asio::awaitable<void> HttpConnection::run() {
  while (keeps_alive_ && co_await wait_for_request()) {
    std::optional<Parser> parser(std::in_place);
    const beast::error_code error = co_await read_request(*parser);
    if (error) {
      co_await refuse(error, *parser);
      break;
    }
    Request request = parser->release();
    parser.reset();
    if (websocket::is_upgrade(request) &&
        route_of(request.target()).endpoint == Endpoint::kWebSocket) {
      Exchange exchange(state_, stream_, request, next_request_id());
      if (co_await refuse_upgrade(exchange)) break;
      co_await serve_websocket(std::move(stream_), std::move(request), state_);
      co_return;
    }
    co_await answer(std::move(request));
  }
  beast::error_code ignored;
  stream_.socket().shutdown(tcp::socket::shutdown_send, ignored);
}

}  // namespace

asio::awaitable<void> serve_connection(tcp::socket socket, ServerState& state) {
  HttpConnection connection(std::move(socket), state);
  co_await connection.run();
}

}  // namespace tessera::net
