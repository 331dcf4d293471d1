#include "server/net/exchange.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "server/http/origin.h"
#include "server/net/file_reader.h"
#include "server/openai/completion_writer.h"

namespace tessera::net {
namespace {

constexpr std::chrono::milliseconds kWriteTimeout{protocol::kHttpWriteTimeoutMs};
constexpr std::uint64_t kSmallFileBytesMax = 64u << 10;
constexpr std::uint64_t kPieceBytes = 128u << 10;

}  // namespace

Exchange::Exchange(ServerState& state, beast::tcp_stream& stream, Request request,
                   std::string request_id)
    : state_(state),
      stream_(stream),
      request_(std::move(request)),
      route_(route_of(request_.target())),
      request_id_(std::move(request_id)),
      keeps_alive_(request_.keep_alive()) {}

std::string_view Exchange::header(http::field field) const {
  const auto found = request_.find(field);
  if (found == request_.end()) return {};
  return found->value();
}

bool Exchange::is_origin_allowed() const {
  return tessera::is_origin_allowed(header(http::field::origin), header(http::field::host),
                                    state_.options.allow_origins);
}

http::response<http::empty_body> Exchange::header_of(http::status status) {
  http::response<http::empty_body> response(status, request_.version());
  response.keep_alive(keeps_alive_);
  // A page that is cross-origin isolated may use threads (SharedArrayBuffer).
  response.set("Cross-Origin-Opener-Policy", "same-origin");
  response.set("Cross-Origin-Embedder-Policy", "require-corp");
  const bool has_other_sites = !state_.options.allow_origins.empty();
  response.set("Cross-Origin-Resource-Policy", has_other_sites ? "cross-origin" : "same-origin");
  response.set("X-Content-Type-Options", "nosniff");
  response.set("X-Request-Id", request_id_);
  const std::string_view origin = header(http::field::origin);
  if (!origin.empty() && is_origin_allowed()) {
    response.set(http::field::access_control_allow_origin, origin);
    response.set(http::field::access_control_expose_headers,
                 "X-Request-Id, ETag, Content-Range, Content-Length");
    response.set(http::field::vary, "Origin");
  }
  return response;
}

asio::awaitable<void> Exchange::write(asio::const_buffer bytes) {
  stream_.expires_after(kWriteTimeout);
  const auto [error, size] = co_await asio::async_write(stream_, bytes, kAsTuple);
  if (error) give_up();
}

asio::awaitable<void> Exchange::send_header(http::response<http::empty_body>& header) {
  status_ = header.result_int();
  http::response_serializer<http::empty_body> serializer(header);
  stream_.expires_after(kWriteTimeout);
  const auto [error, size] = co_await http::async_write_header(stream_, serializer, kAsTuple);
  if (error) give_up();
}

asio::awaitable<void> Exchange::send_empty(http::response<http::empty_body> header) {
  if (header.result() != http::status::not_modified &&
      header.result() != http::status::no_content && !is_head()) {
    header.content_length(0);
  }
  co_await send_header(header);
}

asio::awaitable<void> Exchange::send_text(http::response<http::empty_body> header,
                                          std::string_view content_type, std::string body) {
  header.set(http::field::content_type, content_type);
  header.content_length(body.size());
  if (is_head()) {
    co_await send_header(header);
    co_return;
  }
  http::response<http::string_body> response(std::move(header.base()), std::move(body));
  status_ = response.result_int();
  stream_.expires_after(kWriteTimeout);
  const auto [error, size] = co_await http::async_write(stream_, response, kAsTuple);
  if (error) give_up();
}

asio::awaitable<void> Exchange::send_json(http::status status, std::string body) {
  auto header = header_of(status);
  header.set(http::field::cache_control, "no-cache");
  co_await send_text(std::move(header), "application/json", std::move(body));
}

asio::awaitable<void> Exchange::send_problem(const protocol::Problem& problem) {
  const auto& row = protocol::error_row(problem.name);
  auto header = header_of(static_cast<http::status>(row.http_status));
  if (header.result() == http::status::unauthorized) {
    header.set(http::field::www_authenticate, "Bearer");
  }
  if (problem.name == protocol::ErrorName::kMethodNotAllowed) {
    header.set(http::field::allow, allowed_methods(route_.endpoint));
  }
  if (problem.name == protocol::ErrorName::kServerBusy) header.set(http::field::retry_after, "1");
  // OpenAI's clients would ask twice more before they show a message that asks a person to act.
  if (problem.name == protocol::ErrorName::kNoRunner) header.set("X-Should-Retry", "false");
  header.set(http::field::cache_control, "no-store");
  co_await send_text(std::move(header), "application/json", error_body(problem));
}

asio::awaitable<void> Exchange::send_small_file(http::response<http::empty_body> header,
                                                const FileReader& file, const FileBody& body) {
  std::string text(body.size_bytes, '\0');
  const bool is_read = file.read(body.offset, std::as_writable_bytes(std::span(text)));
  if (!is_read) {
    co_await send_problem({protocol::ErrorName::kIo, "the file could not be read", {}});
    co_return;
  }
  const std::string type(header[http::field::content_type]);
  co_await send_text(std::move(header), type, std::move(text));
  body.sent_bytes->add(body.size_bytes);
}

asio::awaitable<void> Exchange::send_file(http::response<http::empty_body> header, FileBody body) {
  const FileReader file(body.path);
  if (!file.is_open()) {
    co_await send_problem({protocol::ErrorName::kIo, "the file could not be opened", {}});
    co_return;
  }
  if (body.size_bytes <= kSmallFileBytesMax && !body.is_slow && !is_head()) {
    co_await send_small_file(std::move(header), file, body);
    co_return;
  }
  header.content_length(body.size_bytes);
  co_await send_header(header);
  if (is_head()) co_return;
  std::vector<std::byte> piece(std::min(body.size_bytes, kPieceBytes));
  while (body.size_bytes > 0 && status_ != 0) {
    const std::span part(piece.data(), std::min<std::size_t>(piece.size(), body.size_bytes));
    const bool is_read = body.is_slow
                             ? co_await file.read_on(state_.file_threads, body.offset, part)
                             : file.read(body.offset, part);
    // The header is out: a file that fails now can only be told by ending the connection.
    if (!is_read) give_up();
    if (!is_read) co_return;
    stream_.expires_after(kWriteTimeout);
    const auto [error, size] =
        co_await asio::async_write(stream_, asio::buffer(part.data(), part.size()), kAsTuple);
    body.sent_bytes->add(size);
    if (error) give_up();
    if (error) co_return;
    body.offset += part.size();
    body.size_bytes -= part.size();
  }
}

}  // namespace tessera::net
