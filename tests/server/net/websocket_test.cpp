// WebSocket sessions over loopback sockets.
#include <catch2/catch_test_macros.hpp>
#include <span>

#include "protocol/shard_frame.h"
#include "server/support/live_server.h"

namespace tessera::testing {
namespace {

std::string shard_request(int id, std::size_t credit, int priority) {
  return R"({"type":"shard.request","request_id":)" + std::to_string(id) + R"(,"sha256":")" +
         kShardHash + R"(","credit_bytes":)" + std::to_string(credit) + R"(,"priority":)" +
         std::to_string(priority) + "}";
}

// The next binary message, which must be a good frame that continues `bytes`.
protocol::ShardFrame take_frame(Peer& peer, std::string& storage, std::string& bytes) {
  do storage = peer.receive_any();
  while (peer.got_text());
  const auto frame = protocol::read_shard_frame(std::as_bytes(std::span(storage)));
  REQUIRE(frame);
  CHECK(frame->offset == bytes.size());
  bytes += storage.substr(protocol::kShardFrameHeaderBytes);
  return *frame;
}

TEST_CASE("a shard arrives in frames, as far as there is credit") {
  const LiveServer server;
  Peer peer(server, "runner");
  peer.say(shard_request(7, 200000, 0));
  std::string storage;
  std::string bytes;
  while (bytes.size() < 200000) CHECK_FALSE(take_frame(peer, storage, bytes).is_last);
  CHECK(bytes.size() == 200000);
  peer.say(R"({"type":"session.ping"})");
  CHECK(peer.receive_any() == R"({"type":"session.pong"})");
  peer.say(R"({"type":"shard.credit","request_id":7,"bytes":200000})");
  const auto last = take_frame(peer, storage, bytes);
  CHECK(last.is_last);
  CHECK(last.request_id == 7);
  CHECK(bytes == shard_bytes());
}

TEST_CASE("a message that is too long, not JSON, or binary ends the connection with its code") {
  const LiveServer server;
  Peer too_long(server, "client");
  too_long.say(std::string(protocol::kMessageToServerBytesMax + 1, ' '));
  CHECK(too_long.receive_close() == 1009);
  Peer no_json(server, "client");
  no_json.say("{");
  CHECK(no_json.receive_close() == 4400);
  Peer binary(server, "runner");
  binary.say_binary("bytes");
  CHECK(binary.receive_close() == 4400);
  Peer rude(server, "");
  rude.say(R"({"type":"session.ping"})");
  CHECK(rude.receive_close() == 4400);
}

TEST_CASE("an upgrade needs the subprotocol") {
  const LiveServer server;
  HttpClient client(server);
  http::fields fields;
  fields.set(http::field::connection, "Upgrade");
  fields.set(http::field::upgrade, "websocket");
  fields.set(http::field::sec_websocket_version, "13");
  fields.set(http::field::sec_websocket_key, "dGhlIHNhbXBsZSBub25jZQ==");
  CHECK(client.get("/ws", fields).result_int() == 400);
}

TEST_CASE("frames that are cut off or have flipped bits harm nobody else") {
  const LiveServer server;
  const std::string upgrade =
      "GET /ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
      "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
      "Sec-WebSocket-Protocol: tessera.v1\r\n\r\n";
  // A masked text frame with 2 bytes of payload.
  const std::string frame("\x81\x82\x01\x02\x03\x04{}", 8);
  for (std::size_t bit = 0; bit < frame.size() * 8; bit += 3) {
    std::string flipped = frame.substr(0, 2 + bit / 11);
    flipped[bit / 8 % flipped.size()] =
        static_cast<char>(flipped[bit / 8 % flipped.size()] ^ (1 << (bit % 8)));
    HttpClient client(server);
    asio::write(client.socket(), asio::buffer(upgrade + flipped));
    client.socket().shutdown(tcp::socket::shutdown_send);
    char bytes[4096];
    beast::error_code error;
    while (!error) client.socket().read_some(asio::buffer(bytes), error);
  }
  HttpClient client(server);
  CHECK(client.get("/healthz").result_int() == 200);
}

TEST_CASE("a client that reconnects misses nothing") {
  const LiveServer server;
  Peer runner(server, "runner");
  runner.become_ready();
  std::string id;
  {
    Peer client(server, "client");
    client.say(R"({"type":"response.create","event_id":"e","prompt":"Once"})");
    id = member(client.receive("response.created"), "response_id");
    runner.receive("response.create");
    runner.send_delta(id, 0, "a", 1);
    CHECK(member(client.receive("response.output_text.delta"), "sequence_number") == "1");
  }
  runner.send_delta(id, 1, "b", 2);
  Peer again(server, "client");
  again.say(R"({"type":"response.resume","after_sequence_number":1,"response_id":")" + id + "\"}");
  const std::string missed = again.receive("response.output_text.delta");
  CHECK(member(missed, "delta") == "b");
  CHECK(member(missed, "sequence_number") == "2");
  runner.send_completed(id, 2);
  CHECK(member(again.receive("response.completed"), "sequence_number") == "3");
}

TEST_CASE("a client that does not read is cut, and delays nobody") {
  const LiveServer server;
  Peer slow_runner(server, "runner");
  slow_runner.become_ready();
  Peer slow(server, "client");
  slow.say(R"({"type":"response.create","prompt":"Once","logprobs":0})");
  const std::string slow_id = member(slow_runner.receive("response.create"), "response_id");
  Peer runner(server, "runner");
  runner.become_ready();
  Peer client(server, "client");
  client.say(R"({"type":"response.create","prompt":"Once"})");
  const std::string id = member(runner.receive("response.create"), "response_id");

  // Long messages of few tokens: 100 log probabilities with long token texts.
  std::string logprobs;
  for (int index = 0; index < 100; ++index) {
    logprobs += (index == 0 ? "" : ",") + (R"({"token_id":1,"token":")" + std::string(1000, 'x')) +
                R"(","logprob":-1,"top_logprobs":[]})";
  }
  for (int number = 0; number < 300; ++number) {
    slow_runner.say(R"({"type":"response.output_text.delta","response_id":")" + slow_id +
                    R"(","sequence_number":)" + std::to_string(number) +
                    R"(,"delta":"a","token_ids":[1],"logprobs":[)" + logprobs + "]}");
    if (number % 30 != 0) continue;
    runner.send_delta(id, number / 30, "b", 2);
    CHECK(member(client.receive("response.output_text.delta"), "delta") == "b");
  }
  slow_runner.say(R"({"type":"session.ping"})");
  slow_runner.receive("session.pong");
  HttpClient http_client(server);
  CHECK(http_client.get("/metrics").body().find("tessera_slow_consumers_cut_total 1") !=
        std::string::npos);
  CHECK(slow.receive_close() == 4413);
}

}  // namespace
}  // namespace tessera::testing
