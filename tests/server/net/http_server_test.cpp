// Files, models and errors over loopback sockets.
#include <catch2/catch_test_macros.hpp>

#include "server/support/live_server.h"

namespace tessera::testing {
namespace {

http::fields fields(http::field name, const std::string& value) {
  http::fields result;
  result.set(name, value);
  return result;
}

std::string error_code_of(const Response& response) {
  const auto document = JsonDocument::parse(response.body());
  return std::string(*document->root().object()->object("error")->string("code"));
}

TEST_CASE("the page is sent isolated, with its type and an entity tag") {
  const LiveServer server;
  HttpClient client(server);
  const Response page = client.get("/");
  CHECK(page.result_int() == 200);
  CHECK(page.body() == "<p>page");
  CHECK(page["Cross-Origin-Opener-Policy"] == "same-origin");
  CHECK(page["Cross-Origin-Embedder-Policy"] == "require-corp");
  CHECK(page["Cross-Origin-Resource-Policy"] == "same-origin");
  CHECK(page[http::field::content_type] == "text/html; charset=utf-8");
  const std::string etag(page[http::field::etag]);
  const Response again = client.get("/", fields(http::field::if_none_match, etag));
  CHECK(again.result_int() == 304);
  CHECK(again.body().empty());
  CHECK(client.get("/big.js").body() == std::string(200000, 'j'));
  client.send(http::verb::head, "/big.js");
  CHECK(client.receive(/*is_head=*/true)[http::field::content_length] == "200000");
  CHECK(client.get("/../manifest.json").result_int() == 404);
}

TEST_CASE("shards are sent whole, in parts, and not at all if they are known") {
  const LiveServer server;
  HttpClient client(server);
  const std::string target = "/shards/" + kShardHash;
  const std::string all = shard_bytes();
  const Response whole = client.get(target);
  CHECK(whole.result_int() == 200);
  CHECK(whole.body() == all);
  CHECK(whole[http::field::cache_control].find("immutable") != std::string_view::npos);
  const Response part = client.get(target, fields(http::field::range, "bytes=100000-299999"));
  CHECK(part.result_int() == 206);
  CHECK(part.body() == all.substr(100000));
  CHECK(part[http::field::content_range] == "bytes 100000-299999/300000");
  const Response outside = client.get(target, fields(http::field::range, "bytes=300000-"));
  CHECK(outside.result_int() == 416);
  CHECK(outside[http::field::content_range] == "bytes */300000");
  const std::string etag(whole[http::field::etag]);
  CHECK(client.get(target, fields(http::field::if_none_match, etag)).result_int() == 304);
  http::fields conditional = fields(http::field::range, "bytes=0-9");
  conditional.set(http::field::if_range, "\"other\"");
  CHECK(client.get(target, conditional).result_int() == 200);
  conditional.set(http::field::if_range, etag);
  CHECK(client.get(target, conditional).body() == all.substr(0, 10));
  CHECK(error_code_of(client.get("/shards/" + std::string(64, 'b'))) == "shard_not_found");
}

TEST_CASE("models are listed in both shapes") {
  const LiveServer server;
  HttpClient client(server);
  CHECK(
      client.get("/models/index.json").body() ==
      R"([{"name":"m","architecture":"llama","size_bytes":300000,"context_tokens_max":64,"runners":0}])");
  const Response manifest = client.get("/models/m/manifest.json");
  CHECK(manifest.body().starts_with(R"({"format":"tessera-package")"));
  CHECK(member(client.get("/v1/models").body(), "object") == "list");
  CHECK(member(client.get("/v1/models/m").body(), "id") == "m");
  CHECK(error_code_of(client.get("/v1/models/n")) == "model_not_found");
  CHECK(client.get("/models/n/manifest.json").result_int() == 404);
}

TEST_CASE("health and metrics are there") {
  const LiveServer server;
  HttpClient client(server);
  CHECK(client.get("/healthz").body() == R"({"status":"ok"})");
  const Response metrics = client.get("/metrics");
  CHECK(metrics[http::field::content_type].starts_with("text/plain; version=0.0.4"));
  CHECK(metrics.body().find("tessera_http_requests_total{route=\"health\",status=\"200\"} 1") !=
        std::string::npos);
}

TEST_CASE("requests that cannot be answered say why") {
  const LiveServer server;
  HttpClient client(server);
  const std::string chat = "/v1/chat/completions";
  const std::string hello = R"({"messages":[{"role":"user","content":"Hi"}]})";
  const Response nobody = client.post(chat, hello);
  CHECK(nobody.result_int() == 503);
  CHECK(error_code_of(nobody) == "no_runner");
  CHECK(nobody.body().find("http://127.0.0.1:" + std::to_string(server.port())) !=
        std::string::npos);
  CHECK(error_code_of(client.post(chat, "{")) == "invalid_argument");
  CHECK(error_code_of(
            client.post(chat, R"({"model":"gpt-4","messages":[{"role":"user","content":"a"}]})")) ==
        "model_not_found");
  CHECK(client.get(chat).result_int() == 405);
  CHECK(client.get("/ws").result_int() == 400);
  client.send(http::verb::delete_, "/v1/models");
  CHECK(client.receive().result_int() == 405);
}

TEST_CASE("bodies and headers over the limit are refused, and the reason arrives") {
  const LiveServer server;
  HttpClient body(server);
  const Response refused =
      body.post("/v1/completions", std::string(protocol::kHttpBodyBytesMax + 1, ' '));
  CHECK(refused.result_int() == 413);
  CHECK_FALSE(refused.keep_alive());
  HttpClient header(server);
  const Response long_header = header.get("/" + std::string(protocol::kHttpHeaderBytesMax, 'x'));
  CHECK(long_header.result_int() == 413);
}

TEST_CASE("bytes that are no HTTP are refused, and the server goes on") {
  const LiveServer server;
  for (const std::string& bytes :
       {std::string("\r\n\r\n"), std::string("HELLO\r\n\r\n"),
        std::string("GET / HTTP/9.9\r\n\r\n"), std::string("\x16\x03\x01\x02", 4),
        std::string("GET / HTTP/1.1\r\nA B\r\n\r\n"),
        std::string("POST /v1/completions HTTP/1.1\r\nContent-Length: -1\r\n\r\n"),
        std::string("POST /v1/completions HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n")}) {
    HttpClient client(server);
    asio::write(client.socket(), asio::buffer(bytes));
    client.socket().shutdown(tcp::socket::shutdown_send);
    std::string answer(1u << 16, '\0');
    beast::error_code error;
    const std::size_t size = asio::read(client.socket(), asio::buffer(answer), error);
    CHECK(error == asio::error::eof);
    if (size > 0) CHECK(answer.starts_with("HTTP/1.1 4"));
  }
  HttpClient client(server);
  CHECK(client.get("/healthz").result_int() == 200);
}

TEST_CASE("other web sites need to be allowed") {
  const std::string hello = R"({"messages":[{"role":"user","content":"Hi"}]})";
  const http::fields origin = fields(http::field::origin, "http://friend.example");
  {
    const LiveServer server;
    HttpClient client(server);
    client.send(http::verb::post, "/v1/chat/completions", hello, origin);
    CHECK(client.receive().result_int() == 403);
    CHECK_THROWS(Peer(server, "client", "http://friend.example"));
  }
  ServeOptions options;
  options.allow_origins = {"http://friend.example"};
  const LiveServer server(options);
  HttpClient client(server);
  client.send(http::verb::post, "/v1/chat/completions", hello, origin);
  const Response response = client.receive();
  CHECK(response.result_int() == 503);
  CHECK(response[http::field::access_control_allow_origin] == "http://friend.example");
  client.send(http::verb::options, "/v1/chat/completions", {}, origin);
  const Response preflight = client.receive();
  CHECK(preflight.result_int() == 204);
  CHECK(preflight[http::field::access_control_allow_methods].find("POST") !=
        std::string_view::npos);
  CHECK_NOTHROW(Peer(server, "client", "http://friend.example"));
}

TEST_CASE("a server with an API key wants it") {
  ServeOptions options;
  options.api_key = "secret";
  const LiveServer server(options);
  HttpClient client(server);
  CHECK(client.get("/v1/models").result_int() == 401);
  CHECK(client.get("/v1/models", fields(http::field::authorization, "Bearer wrong")).result_int() ==
        401);
  CHECK(
      client.get("/v1/models", fields(http::field::authorization, "Bearer secret")).result_int() ==
      200);
  CHECK(client.get("/").result_int() == 200);
  Peer peer(server, "");
  peer.say(
      R"({"type":"session.hello","protocol_version":1,"protocol_version_min":1,"agent":"t","role":"client"})");
  CHECK(peer.receive_close() == 4401);
}

}  // namespace
}  // namespace tessera::testing
