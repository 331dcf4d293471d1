#include "server/net/websocket_session.h"

#include <netinet/tcp.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <utility>

#include "protocol/shard_frame.h"
#include "protocol/write_message.h"
#include "server/net/file_reader.h"

namespace tessera::net {

using protocol::ErrorName;

namespace {

constexpr Milliseconds kHandshakeTimeout{protocol::kHandshakeTimeoutMs};
constexpr Milliseconds kIdleTimeout{protocol::kIdleTimeoutMs};
constexpr Milliseconds kCloseTimeout{5000};
constexpr int kUnsentBytesMax = 128
                                << 10;  // that the kernel holds, so that a token overtakes shards

void set_up_socket(tcp::socket& socket) {
  beast::error_code ignored;
  socket.set_option(tcp::no_delay(true), ignored);
  ::setsockopt(socket.native_handle(), IPPROTO_TCP, TCP_NOTSENT_LOWAT, &kUnsentBytesMax,
               sizeof kUnsentBytesMax);
}

}  // namespace

WebSocketSession::WebSocketSession(beast::tcp_stream stream, ServerState& state)
    : state_(state),
      session_id_("s-" + std::to_string(state.started_at) + "-" +
                  std::to_string(++state.request_count)),
      stream_(std::move(stream)),
      handshake_deadline_(state.clock.now() + kHandshakeTimeout),
      wake_writer_(stream_.get_executor()),
      wake_reader_(stream_.get_executor()) {
  state_.sessions.insert(this);
}

WebSocketSession::~WebSocketSession() {
  state_.sessions.erase(this);
}

asio::awaitable<bool> WebSocketSession::accept(const http::request<http::string_body>& request) {
  auto& tcp_layer = beast::get_lowest_layer(stream_);
  tcp_layer.expires_never();
  set_up_socket(tcp_layer.socket());
  stream_.set_option(websocket::stream_base::timeout{kHandshakeTimeout, kIdleTimeout, true});
  stream_.set_option(websocket::stream_base::decorator([](websocket::response_type& response) {
    response.set(http::field::sec_websocket_protocol, protocol::kSubprotocol);
  }));
  stream_.auto_fragment(false);  // a message is one frame, whatever its size
  stream_.read_message_max(protocol::kMessageToServerBytesMax);
  const auto [error] = co_await stream_.async_accept(request, kAsTuple);
  co_return !error;
}

asio::awaitable<void> WebSocketSession::run(http::request<http::string_body> request) {
  if (!co_await accept(request)) co_return;
  request = {};
  session_.emplace(state_.session_context, *this, session_id_);
  asio::co_spawn(
      stream_.get_executor(), [self = shared_from_this()] { return self->write_messages(); },
      asio::detached);
  co_await read_messages();
  end();
}

asio::awaitable<void> WebSocketSession::read_messages() {
  beast::flat_buffer buffer;
  while (!has_ended_) {
    const auto [error, size] = co_await stream_.async_read(buffer, kAsTuple);
    if (error) co_return;
    if (!close_request_) {
      const bool was_welcome = session_->is_welcome();
      if (stream_.got_text()) {
        const auto bytes = buffer.cdata();
        session_->on_text({static_cast<const char*>(bytes.data()), bytes.size()});
      } else {
        session_->on_binary();
      }
      if (!was_welcome && session_->is_welcome()) {
        spdlog::info("{} {} joined", session_id_, session_->role_name());
      }
    }
    buffer.consume(size);
    if (buffer.capacity() > (64u << 10)) buffer.shrink_to_fit();
    // A peer that does not take what it is sent may not ask for more.
    while (queue_bytes_ > protocol::kWriteQueueBytesSlow && !has_ended_) {
      co_await wake_reader_.wait();
    }
  }
}

asio::awaitable<void> WebSocketSession::write_messages() {
  const auto self = shared_from_this();
  bool is_open = true;
  while (is_open && !has_ended_) {
    if (!queue_.empty()) {
      is_open = co_await write_next_text();
    } else if (close_request_) {
      const auto code = static_cast<websocket::close_code>(close_request_->code);
      const websocket::close_reason reason(code, close_request_->reason);
      co_await stream_.async_close(reason, kAsTuple);
      is_open = false;
    } else if (const auto piece = session_->shards().next()) {
      is_open = co_await write_shard_piece(*piece);
    } else {
      co_await wake_writer_.wait();
    }
  }
  end();
}

asio::awaitable<bool> WebSocketSession::write_next_text() {
  const std::string text = std::move(queue_.front());
  queue_.pop_front();
  stream_.text(true);
  const auto [error, size] = co_await stream_.async_write(asio::buffer(text), kAsTuple);
  // A cut has emptied the queue and its count meanwhile.
  queue_bytes_ -= std::min(queue_bytes_, text.size());
  if (queue_bytes_ < protocol::kWriteQueueBytesSlow / 2) wake_reader_.notify();
  co_return !error;
}

asio::awaitable<bool> WebSocketSession::write_shard_piece(const ShardPiece& piece) {
  const auto header =
      protocol::write_shard_frame_header({piece.request_id, piece.offset, piece.is_last, {}});
  std::vector<std::byte> payload(piece.size_bytes);
  const FileReader file(piece.shard->path);
  const bool is_read =
      file.is_open() && co_await file.read_on(state_.file_threads, piece.offset, payload);
  if (has_ended_) co_return false;
  if (!is_read) {
    session_->fail_shard(piece.request_id, "the shard's file could not be read");
    co_return true;
  }
  const std::array<asio::const_buffer, 2> frame{asio::buffer(header.data(), header.size()),
                                                asio::buffer(payload.data(), payload.size())};
  stream_.binary(true);
  const auto [error, size] = co_await stream_.async_write(frame, kAsTuple);
  state_.metrics.shard_websocket_bytes.add(size);
  co_return !error;
}

void WebSocketSession::send_text(std::string text) {
  if (has_ended_ || close_request_) return;
  queue_bytes_ += text.size();
  queue_.push_back(std::move(text));
  wake_writer_.notify();
  if (queue_bytes_ > protocol::kWriteQueueBytesMax) cut_slow_consumer();
}

void WebSocketSession::cut_slow_consumer() {
  state_.metrics.slow_consumers_cut.add();
  spdlog::warn("{} reads too slowly and is cut", session_id_);
  queue_.clear();
  protocol::ErrorMessage message;
  message.error = protocol::wire_error(
      {ErrorName::kSlowConsumer,
       "more than " + std::to_string(protocol::kWriteQueueBytesMax) + " bytes were waiting",
       {}});
  std::string text = protocol::write_message(message);
  queue_bytes_ = text.size();
  queue_.push_back(std::move(text));
  const auto& row = protocol::error_row(ErrorName::kSlowConsumer);
  close(row.close_code, row.code);
}

void WebSocketSession::close(std::uint16_t close_code, std::string_view reason) {
  if (close_request_) return;
  close_request_ = CloseRequest{close_code, std::string(reason)};
  close_deadline_ = state_.clock.now() + kCloseTimeout;
  wake_writer_.notify();
}

void WebSocketSession::check_deadlines() {
  if (has_ended_ || !session_) return;
  const TimePoint now = state_.clock.now();
  if (close_request_ && now >= close_deadline_) return end();
  if (!is_handshake_checked_ && now >= handshake_deadline_) {
    is_handshake_checked_ = true;
    session_->check_handshake();
  }
}

void WebSocketSession::announce_shutdown() {
  if (session_ && session_->is_welcome()) session_->announce_shutdown();
}

void WebSocketSession::close_for_shutdown() {
  if (session_) session_->close_for_shutdown();
}

// Cuts the connection; both coroutines find out and return.
void WebSocketSession::end() {
  if (has_ended_) return;
  has_ended_ = true;
  spdlog::info("{} {} left", session_id_, session_->role_name());
  beast::get_lowest_layer(stream_).close();
  wake_writer_.notify();
  wake_reader_.notify();
  session_.reset();
}

asio::awaitable<void> serve_websocket(beast::tcp_stream stream,
                                      http::request<http::string_body> request,
                                      ServerState& state) {
  const auto session = std::make_shared<WebSocketSession>(std::move(stream), state);
  co_await session->run(std::move(request));
}

}  // namespace tessera::net
