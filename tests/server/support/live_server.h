// A server on a free loopback port, and blocking clients for it.
#pragma once

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/websocket.hpp>
#include <memory>
#include <string>
#include <thread>

#include <spdlog/spdlog.h>

#include "base/json.h"
#include "server/net/server.h"
#include "server/support/catalog_folder.h"

namespace tessera::testing {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
namespace websocket = boost::beast::websocket;
using tcp = boost::asio::ip::tcp;

class LiveServer {
 public:
  explicit LiveServer(ServeOptions options = {}) {
    spdlog::set_level(spdlog::level::off);
    options.port = 0;
    std::ofstream(folder_.path() / "index.html") << "<p>page";
    std::ofstream(folder_.path() / "big.js") << std::string(200000, 'j');
    options.web = folder_.path();
    auto started =
        net::Server::start(options, ModelCatalog::open({folder_.path().string()}).value(), "test");
    server_ = std::move(started).value();
    thread_ = std::thread([this] { server_->run(); });
  }
  ~LiveServer() { stop(); }

  void begin_stop() { server_->stop(); }
  // Returns when the server has shut down.
  void stop() {
    if (!thread_.joinable()) return;
    server_->stop();
    thread_.join();
  }
  void join() { thread_.join(); }
  std::uint16_t port() const { return server_->port(); }
  tcp::endpoint endpoint() const { return {asio::ip::make_address("127.0.0.1"), port()}; }

 private:
  CatalogFolder folder_;
  std::unique_ptr<net::Server> server_;
  std::thread thread_;
};

using Response = http::response<http::string_body>;

// One connection; requests follow each other on it.
class HttpClient {
 public:
  explicit HttpClient(const LiveServer& server) : stream_(context_) {
    stream_.connect(server.endpoint());
  }

  void send(http::verb method, const std::string& target, const std::string& body = {},
            const http::fields& fields = {}) {
    http::request<http::string_body> request(method, target, 11, body);
    request.set(http::field::host, "127.0.0.1");
    for (const auto& field : fields) request.set(field.name_string(), field.value());
    request.prepare_payload();
    http::write(stream_, request);
  }
  Response receive(bool is_head = false) {
    http::response_parser<http::string_body> parser;
    parser.skip(is_head);
    parser.body_limit(64u << 20);
    http::read(stream_, buffer_, parser);
    return parser.release();
  }
  Response get(const std::string& target, const http::fields& fields = {}) {
    send(http::verb::get, target, {}, fields);
    return receive();
  }
  Response post(const std::string& target, const std::string& body) {
    send(http::verb::post, target, body);
    return receive();
  }
  tcp::socket& socket() { return stream_.socket(); }

 private:
  asio::io_context context_;
  beast::tcp_stream stream_;
  beast::flat_buffer buffer_;
};

// A WebSocket peer that has been welcomed, as runner or client.
class Peer {
 public:
  Peer(const LiveServer& server, const std::string& role, const std::string& origin = {})
      : stream_(context_) {
    beast::get_lowest_layer(stream_).connect(server.endpoint());
    stream_.set_option(websocket::stream_base::decorator([origin](websocket::request_type& r) {
      r.set(http::field::sec_websocket_protocol, "tessera.v1");
      if (!origin.empty()) r.set(http::field::origin, origin);
    }));
    stream_.read_message_max(64u << 20);
    stream_.handshake("127.0.0.1", "/ws");
    if (role.empty()) return;
    say(R"({"type":"session.hello","protocol_version":1,"protocol_version_min":1,"agent":"t","role":")" +
        role + "\"}");
    receive("session.welcome");
  }
  ~Peer() {
    beast::error_code ignored;
    stream_.next_layer().socket().close(ignored);
  }

  void say(const std::string& text) {
    stream_.text(true);
    stream_.write(asio::buffer(text));
  }
  void say_binary(const std::string& bytes) {
    stream_.binary(true);
    stream_.write(asio::buffer(bytes));
  }
  // The next message, whatever it is. Throws when the connection ends.
  std::string receive_any() {
    beast::flat_buffer buffer;
    stream_.read(buffer);
    return beast::buffers_to_string(buffer.data());
  }
  // The next message of that type; others before it are passed over.
  std::string receive(const std::string& type) {
    while (true) {
      const std::string text = receive_any();
      if (stream_.got_text() && text.find("\"type\":\"" + type + "\"") < 3) return text;
    }
  }
  // The close code with which the server ends the connection, messages before it left out.
  int receive_close() {
    beast::error_code error;
    while (!error) {
      beast::flat_buffer buffer;
      stream_.read(buffer, error);
    }
    return stream_.reason().code;
  }
  void become_ready() {
    say(R"({"type":"runner.ready","model":"m","context_tokens_max":64,"backend":"wasm","threads":1})");
    // A ping's answer says that what came before has been read.
    say(R"({"type":"session.ping"})");
    receive("session.pong");
  }
  void send_delta(const std::string& id, int number, const std::string& text, int token) {
    say(R"({"type":"response.output_text.delta","response_id":")" + id + R"(","sequence_number":)" +
        std::to_string(number) + R"(,"delta":")" + text + R"(","token_ids":[)" +
        std::to_string(token) + "]}");
  }
  void send_completed(const std::string& id, int number) {
    say(R"({"type":"response.completed","response_id":")" + id + R"(","sequence_number":)" +
        std::to_string(number) +
        R"(,"finish_reason":"stop","usage":{"prompt_tokens":4,"completion_tokens":2}})");
  }
  bool got_text() const { return stream_.got_text(); }

 private:
  asio::io_context context_;
  websocket::stream<beast::tcp_stream> stream_;
};

// A member of a JSON object.
inline std::string member(const std::string& json, const char* key) {
  const auto document = JsonDocument::parse(json);
  const auto value = document->root().object()->require(key);
  return value->is_string() ? std::string(*value->string()) : value->text();
}

}  // namespace tessera::testing
