#include "server/session/peer_session.h"

#include <catch2/catch_test_macros.hpp>

#include "protocol/read_message.h"
#include "server/support/catalog_folder.h"
#include "server/support/fake_world.h"

namespace tessera::testing {
namespace {

// What a session sends, in place of a socket.
class FakeConnection final : public PeerConnection {
 public:
  void send_text(std::string text) override {
    if (close_code == 0) texts.push_back(std::move(text));
  }
  void close(std::uint16_t code, std::string_view) override { close_code = code; }
  void wake_shards() override { ++wake_count; }

  bool has(std::string_view part) const {
    return !texts.empty() && texts.back().find(part) != std::string::npos;
  }

  std::vector<std::string> texts;
  std::uint16_t close_code = 0;
  int wake_count = 0;
};

constexpr std::string_view kHello =
    R"({"type":"session.hello","protocol_version":1,"protocol_version_min":1,"agent":"test","role":)";

struct SessionWorld : FakeWorld {
  SessionWorld()
      : catalog(ModelCatalog::open({folder.path()}).value()),
        context{broker, catalog, metrics, "tessera/test", ""} {}

  CatalogFolder folder;
  ModelCatalog catalog;
  SessionContext context;
};

// A session with its connection.
struct Peer {
  explicit Peer(SessionWorld& world, const std::string& role = "")
      : session(world.context, connection, "s-1") {
    if (!role.empty()) say(std::string(kHello) + '"' + role + "\"}");
  }
  void say(const std::string& text) { session.on_text(text); }

  FakeConnection connection;
  PeerSession session;
};

constexpr const char* kReady =
    R"({"type":"runner.ready","model":"m","context_tokens_max":64,"backend":"wasm","threads":1})";

TEST_CASE("a hello is welcomed with limits and models") {
  SessionWorld world;
  Peer peer(world, "client");
  REQUIRE(peer.connection.texts.size() == 1);
  const auto welcome = protocol::read_message_to_client(peer.connection.texts[0]);
  const auto& message =
      std::get<protocol::SessionWelcome>(std::get<protocol::MessageToClient>(welcome));
  CHECK(message.protocol_version == 1);
  CHECK(message.session_id == "s-1");
  REQUIRE(message.models.size() == 1);
  CHECK(message.models[0].name == "m");
  CHECK(message.models[0].context_tokens_max == 64);
  CHECK(message.models[0].size_bytes == 300000);
  CHECK(peer.session.is_welcome());
}

TEST_CASE("versions are agreed on, and each side learns which of them is too old") {
  SessionWorld world;
  world.context.protocol_version = 5;
  world.context.protocol_version_min = 3;
  const auto hello = [](int version, int version_min) {
    return R"({"type":"session.hello","agent":"a","role":"client","protocol_version":)" +
           std::to_string(version) + ",\"protocol_version_min\":" + std::to_string(version_min) +
           "}";
  };
  Peer peer(world);
  SECTION("the newest that both speak") {
    peer.say(hello(4, 1));
    CHECK(peer.connection.has(R"("protocol_version":4)"));
    CHECK(peer.connection.close_code == 0);
  }
  SECTION("a newer peer that still speaks ours") {
    peer.say(hello(9, 5));
    CHECK(peer.connection.has(R"("protocol_version":5)"));
    CHECK(peer.session.is_welcome());
  }
  SECTION("the peer is too old") {
    peer.say(hello(2, 1));
    CHECK(peer.connection.has(R"("code":"protocol_too_old")"));
    CHECK(peer.connection.has(R"("protocol_version":5,"protocol_version_min":3)"));
    CHECK(peer.connection.close_code == 4406);
  }
  SECTION("the peer is too new") {
    peer.say(hello(7, 6));
    CHECK(peer.connection.has(R"("code":"protocol_too_new")"));
    CHECK(peer.connection.close_code == 4406);
  }
  SECTION("a range upside down") {
    peer.say(hello(3, 4));
    CHECK(peer.connection.has(R"("code":"invalid_message")"));
    CHECK(peer.connection.close_code == 4400);
  }
}

TEST_CASE("anything but a hello first ends the connection") {
  SessionWorld world;
  Peer peer(world);
  SECTION("another message") {
    peer.say(R"({"type":"session.ping"})");
    CHECK(peer.connection.has("handshake_expected"));
  }
  SECTION("a message of a runner") {
    peer.say(kReady);
    CHECK(peer.connection.has("handshake_expected"));
  }
  SECTION("no JSON") {
    peer.say("GET / HTTP/1.1");
    CHECK(peer.connection.has("handshake_expected"));
  }
  SECTION("a hello without a role") {
    peer.say(
        R"({"type":"session.hello","protocol_version":1,"protocol_version_min":1,"agent":"a"})");
    CHECK(peer.connection.has("invalid_message"));
    CHECK(peer.connection.has(R"("param":"role")"));
  }
  SECTION("a binary message") {
    peer.session.on_binary();
    CHECK(peer.connection.has("invalid_message"));
  }
  CHECK(peer.connection.close_code == 4400);
  CHECK_FALSE(peer.session.is_welcome());
}

TEST_CASE("a silent connection misses its handshake") {
  SessionWorld world;
  Peer silent(world);
  silent.session.check_handshake();
  CHECK(silent.connection.has("handshake_timeout"));
  CHECK(silent.connection.close_code == 4408);
  Peer polite(world, "client");
  polite.session.check_handshake();
  CHECK(polite.connection.close_code == 0);
}

TEST_CASE("a server with an API key wants it in the hello") {
  SessionWorld world;
  world.context.api_key = "secret";
  Peer without(world, "client");
  CHECK(without.connection.close_code == 4401);
  Peer wrong(world);
  wrong.say(std::string(kHello) + R"("client","api_key":"secre"})");
  CHECK(wrong.connection.close_code == 4401);
  Peer right(world);
  right.say(std::string(kHello) + R"("client","api_key":"secret"})");
  CHECK(right.session.is_welcome());
}

TEST_CASE("a client's response runs on a runner's session") {
  SessionWorld world;
  Peer runner(world, "runner");
  Peer client(world, "client");
  runner.say(kReady);
  client.say(R"({"type":"response.create","event_id":"e1","prompt":"Once","model":"m"})");
  REQUIRE(runner.connection.has(R"("type":"response.create")"));
  const auto assigned = protocol::read_message_to_runner(runner.connection.texts.back());
  const auto& assign =
      std::get<protocol::ResponseAssign>(std::get<protocol::MessageToRunner>(assigned));
  CHECK(client.connection.has(R"("type":"response.created","event_id":"e1")"));
  runner.say(
      R"({"type":"response.output_text.delta","sequence_number":0,"delta":"é","token_ids":[4],"response_id":")" +
      assign.response_id + "\"}");
  CHECK(client.connection.has(R"("sequence_number":1,"delta":"é","token_ids":[4])"));
  runner.say(
      R"({"type":"response.completed","sequence_number":1,"finish_reason":"stop","usage":{"prompt_tokens":1,"completion_tokens":1},"response_id":")" +
      assign.response_id + "\"}");
  CHECK(client.connection.has(R"("type":"response.completed")"));
  client.say(R"({"type":"response.resume","after_sequence_number":1,"response_id":")" +
             assign.response_id + "\"}");
  CHECK(client.connection.has(R"("sequence_number":2)"));
}

TEST_CASE("messages that are refused leave the connection open and are named") {
  SessionWorld world;
  Peer client(world, "client");
  client.say(R"({"type":"session.fly","event_id":"e"})");
  CHECK(client.connection.has(R"("event_id":"e","error":{"code":"unknown_type")"));
  client.say(kReady);
  CHECK(client.connection.has("wrong_role"));
  client.say(R"({"type":"response.create","prompt":"a","temperature":3})");
  CHECK(client.connection.has(R"("param":"temperature")"));
  client.say(R"({"type":"response.create","prompt":"a","model":"m"})");
  CHECK(client.connection.has("no_runner"));
  client.say(R"({"type":"response.cancel","response_id":"r-0"})");
  CHECK(client.connection.has("response_not_found"));
  client.say(std::string(kHello) + R"("client"})");
  CHECK(client.connection.has("invalid_argument"));
  client.say(R"({"type":"session.ping","event_id":"p"})");
  CHECK(client.connection.texts.back() == R"({"type":"session.pong","event_id":"p"})");
  CHECK(client.connection.close_code == 0);
  client.say("{");
  CHECK(client.connection.close_code == 4400);
}

TEST_CASE("the end of a runner's session is the end of the runner") {
  SessionWorld world;
  {
    Peer runner(world, "runner");
    runner.say(kReady);
    CHECK(world.broker.runner_count("m") == 1);
    CHECK(world.metrics.sessions("runner").value() == 1);
  }
  CHECK(world.broker.runner_count("m") == 0);
  CHECK(world.metrics.sessions("runner").value() == 0);
}

TEST_CASE("shards are asked for, and refused by name") {
  SessionWorld world;
  Peer runner(world, "runner");
  const auto ask = [](const std::string& hash) {
    return R"({"type":"shard.request","request_id":7,"credit_bytes":1000,"priority":0,"sha256":")" +
           hash + "\"}";
  };
  runner.say(ask(std::string(64, 'b')));
  CHECK(runner.connection.has(R"("request_id":7,"error":{"code":"shard_not_found")"));
  runner.say(ask(std::string(64, 'G')));
  CHECK(runner.connection.has("invalid_argument"));
  runner.say(ask(kShardHash));
  CHECK(runner.connection.wake_count == 1);
  CHECK(runner.session.shards().open_count() == 1);
  runner.say(ask(kShardHash));
  CHECK(runner.connection.has("request_conflict"));
  runner.say(R"({"type":"shard.credit","request_id":7,"bytes":1000})");
  CHECK(runner.connection.wake_count == 2);
  CHECK(runner.session.shards().next()->size_bytes == 2000);
  CHECK_FALSE(runner.session.shards().next());
  runner.say(R"({"type":"shard.cancel","request_id":7})");
  CHECK(runner.session.shards().open_count() == 0);
}

TEST_CASE("sessions hear of a shutdown") {
  SessionWorld world;
  Peer peer(world, "client");
  peer.session.announce_shutdown();
  CHECK(peer.connection.has("session.closing"));
  peer.session.close_for_shutdown();
  CHECK(peer.connection.close_code == 1001);
  world.broker.begin_shutdown();
  Peer late(world, "client");
  CHECK(late.connection.has("server_closing"));
  CHECK(late.connection.close_code == 1001);
}

}  // namespace
}  // namespace tessera::testing
