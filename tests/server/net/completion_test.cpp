// OpenAI's API over loopback sockets, with runners that the test plays.
#include <catch2/catch_test_macros.hpp>
#include <future>

#include "server/support/live_server.h"

namespace tessera::testing {
namespace {

constexpr const char* kChat = "/v1/chat/completions";
const std::string kStreamed = R"({"stream":true,"messages":[{"role":"user","content":"Hi"}]})";

std::string assigned_id(Peer& runner) {
  return member(runner.receive("response.create"), "response_id");
}

TEST_CASE("an answer comes whole or as a stream") {
  const LiveServer server;
  Peer runner(server, "runner");
  runner.become_ready();
  HttpClient client(server);
  client.send(http::verb::post, kChat, R"({"messages":[{"role":"user","content":"Hi"}],"seed":5})");
  const std::string assigned = runner.receive("response.create");
  CHECK(member(assigned, "messages") == R"([{"role":"user","content":"Hi"}])");
  CHECK(member(assigned, "seed") == "5");
  std::string id = member(assigned, "response_id");
  runner.send_delta(id, 0, "Hel", 1);
  runner.send_delta(id, 1, "lo", 2);
  runner.send_completed(id, 2);
  const Response whole = client.receive();
  CHECK(whole.result_int() == 200);
  CHECK(whole.body().find(R"("content":"Hello")") != std::string::npos);
  CHECK(whole.body().find(R"("total_tokens":6)") != std::string::npos);

  client.send(http::verb::post, kChat, kStreamed);
  id = assigned_id(runner);
  runner.send_delta(id, 0, "Hello", 1);
  runner.send_completed(id, 1);
  const Response stream = client.receive();
  CHECK(stream[http::field::content_type] == "text/event-stream; charset=utf-8");
  CHECK(stream.body().starts_with("data: {"));
  CHECK(stream.body().ends_with("data: [DONE]\n\n"));
  CHECK(client.get("/healthz").result_int() == 200);
}

TEST_CASE("tokens of a stream arrive before the answer is complete") {
  const LiveServer server;
  Peer runner(server, "runner");
  runner.become_ready();
  HttpClient client(server);
  client.send(http::verb::post, kChat, kStreamed);
  const std::string id = assigned_id(runner);
  runner.send_delta(id, 0, "early", 1);
  std::string received;
  while (received.find("early") == std::string::npos) {
    char bytes[4096];
    received.append(bytes, client.socket().read_some(asio::buffer(bytes)));
  }
  CHECK(received.find("[DONE]") == std::string::npos);
  runner.send_completed(id, 1);
  while (received.find("[DONE]") == std::string::npos) {
    char bytes[4096];
    received.append(bytes, client.socket().read_some(asio::buffer(bytes)));
  }
}

TEST_CASE("a runner that dies in mid-answer is replaced, unseen by the client") {
  const LiveServer server;
  auto first = std::make_unique<Peer>(server, "runner");
  first->become_ready();
  HttpClient client(server);
  client.send(http::verb::post, kChat, kStreamed);
  const std::string id = assigned_id(*first);
  first->send_delta(id, 0, "one", 10);
  first->say(R"({"type":"session.ping"})");
  first->receive("session.pong");
  Peer second(server, "runner");
  second.become_ready();
  first.reset();
  const std::string again = second.receive("response.create");
  CHECK(member(again, "response_id") == id);
  CHECK(member(again, "continuation_ids") == "[10]");
  second.send_delta(id, 0, " two", 11);
  second.send_completed(id, 1);
  const Response stream = client.receive();
  const auto one = stream.body().find(R"("content":"one")");
  const auto two = stream.body().find(R"("content":" two")");
  CHECK(one < two);
  CHECK(two != std::string::npos);
  CHECK(stream.body().find(R"("content":"one")", one + 1) == std::string::npos);
}

TEST_CASE("a client that goes away takes its answer with it") {
  const LiveServer server;
  Peer runner(server, "runner");
  runner.become_ready();
  std::string id;
  {
    HttpClient client(server);
    client.send(http::verb::post, kChat, kStreamed);
    id = assigned_id(runner);
    runner.send_delta(id, 0, "a", 1);
  }
  CHECK(member(runner.receive("response.cancel"), "response_id") == id);
}

TEST_CASE("requests wait for a busy runner in turn") {
  const LiveServer server;
  Peer runner(server, "runner");
  runner.become_ready();
  HttpClient one(server);
  HttpClient two(server);
  const std::string body = R"({"messages":[{"role":"user","content":"Hi"}]})";
  one.send(http::verb::post, kChat, body);
  const std::string first_id = assigned_id(runner);
  two.send(http::verb::post, kChat, body);
  runner.send_delta(first_id, 0, "first", 1);
  runner.send_completed(first_id, 1);
  CHECK(one.receive().body().find("first") != std::string::npos);
  const std::string second_id = assigned_id(runner);
  runner.send_delta(second_id, 0, "second", 1);
  runner.send_completed(second_id, 1);
  CHECK(two.receive().body().find("second") != std::string::npos);
}

TEST_CASE("a failure before the first token has its status, one after it is in the stream") {
  const LiveServer server;
  Peer runner(server, "runner");
  runner.become_ready();
  HttpClient client(server);
  const auto fail = [&runner](const std::string& id, int number) {
    runner.say(R"({"type":"response.failed","response_id":")" + id + R"(","sequence_number":)" +
               std::to_string(number) +
               R"(,"error":{"code":"context_full","message":"too long"}})");
  };
  client.send(http::verb::post, kChat, kStreamed);
  fail(assigned_id(runner), 0);
  CHECK(client.receive().result_int() == 400);
  client.send(http::verb::post, kChat, kStreamed);
  const std::string id = assigned_id(runner);
  runner.send_delta(id, 0, "a", 1);
  fail(id, 1);
  const Response stream = client.receive();
  CHECK(stream.result_int() == 200);
  CHECK(stream.body().find(R"("error":{"message":"too long")") != std::string::npos);
}

TEST_CASE("shutdown lets a running answer finish and refuses new ones") {
  LiveServer server;
  Peer runner(server, "runner");
  runner.become_ready();
  HttpClient client(server);
  HttpClient late(server);
  client.send(http::verb::post, kChat, kStreamed);
  const std::string id = assigned_id(runner);
  runner.send_delta(id, 0, "a", 1);
  server.begin_stop();
  runner.receive("session.closing");
  CHECK(late.get("/healthz").result_int() == 503);
  CHECK_THROWS(Peer(server, "client"));
  runner.send_delta(id, 1, "b", 2);
  runner.send_completed(id, 2);
  CHECK(client.receive().body().ends_with("data: [DONE]\n\n"));
  CHECK(runner.receive_close() == 1001);
  server.join();
}

}  // namespace
}  // namespace tessera::testing
