// Exchange: one HTTP request and the way to answer it.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "protocol/problem.h"
#include "server/http/route.h"
#include "server/net/beast.h"
#include "server/net/server_state.h"

namespace tessera::net {

using Request = http::request<http::string_body>;

// A piece of a file to send as the body.
struct FileBody {
  std::string path;
  std::uint64_t offset = 0;
  std::uint64_t size_bytes = 0;
  Counter* sent_bytes = nullptr;
  bool is_slow = false;  // read on the file threads
};

class Exchange {
 public:
  Exchange(ServerState& state, beast::tcp_stream& stream, Request request, std::string request_id);

  ServerState& state() { return state_; }
  beast::tcp_stream& stream() { return stream_; }
  const Request& request() const { return request_; }
  const Route& route() const { return route_; }
  const std::string& request_id() const { return request_id_; }
  std::string_view header(http::field field) const;
  bool is_head() const { return request_.method() == http::verb::head; }
  bool is_origin_allowed() const;

  // What became of it, for the log; 0 until a header was sent.
  unsigned status() const { return status_; }
  // Whether the connection can take another request.
  bool keeps_alive() const { return keeps_alive_; }
  void give_up() { keeps_alive_ = false; }

  // A header with what every answer has: isolation, CORS, request id.
  http::response<http::empty_body> header_of(http::status status);
  // These send a whole answer. On a failure to write the exchange gives up.
  asio::awaitable<void> send_text(http::response<http::empty_body> header,
                                  std::string_view content_type, std::string body);
  asio::awaitable<void> send_json(http::status status, std::string body);
  asio::awaitable<void> send_problem(const protocol::Problem& problem);
  asio::awaitable<void> send_empty(http::response<http::empty_body> header);
  // REQUIRES: the header has Content-Type. Sets Content-Length. Reads and writes piece by piece.
  asio::awaitable<void> send_file(http::response<http::empty_body> header, FileBody body);

  // For streams: the header alone, then bytes as they come.
  asio::awaitable<void> send_header(http::response<http::empty_body>& header);
  asio::awaitable<void> write(asio::const_buffer bytes);

 private:
  asio::awaitable<void> send_small_file(http::response<http::empty_body> header,
                                        const class FileReader& file, const FileBody& body);

  ServerState& state_;
  beast::tcp_stream& stream_;
  const Request request_;
  const Route route_;
  const std::string request_id_;
  unsigned status_ = 0;
  bool keeps_alive_;
};

}  // namespace tessera::net
