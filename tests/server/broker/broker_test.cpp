#include "server/broker/broker.h"

#include <catch2/catch_test_macros.hpp>

#include "server/support/fake_world.h"

namespace tessera::testing {
namespace {

using protocol::ErrorName;
using FinishReason = protocol::ResponseCompletedFinishReason;
using Numbers = std::vector<std::uint64_t>;
using std::chrono::seconds;

TEST_CASE("a response goes to a free runner and its events come back numbered") {
  FakeWorld world;
  FakeRunner runner(world.broker);
  REQUIRE_FALSE(runner.ready());
  FakeListener listener;
  const std::string id = world.create(listener);
  REQUIRE(id.starts_with("r-"));
  REQUIRE(runner.assigned.size() == 1);
  CHECK(runner.assigned[0].response_id == id);
  CHECK(runner.assigned[0].prompt == "Once");
  CHECK(runner.assigned[0].seed.has_value());
  CHECK_FALSE(runner.assigned[0].continuation_ids.has_value());

  runner.delta("a", {1});
  runner.delta("b", {2});
  runner.complete();
  CHECK(listener.text() == "ab");
  CHECK(listener.numbers() == Numbers{0, 1, 2, 3});
  CHECK(listener.all<protocol::ResponseQueued>().empty());
  CHECK(world.broker.running_count() == 0);
  CHECK(world.metrics.completion_tokens.value() == 2);
}

TEST_CASE("without a runner for the model a response is refused with the address to open") {
  FakeWorld world;
  FakeRunner runner(world.broker);
  FakeListener listener;
  CHECK(world.create(listener) == "no_runner");
  REQUIRE_FALSE(runner.ready("other"));
  protocol::ResponseCreate request;
  request.model = "m";
  request.prompt = "a";
  const auto result = world.broker.create(request, listener, true);
  const auto& problem = std::get<protocol::Problem>(result);
  CHECK(problem.name == ErrorName::kNoRunner);
  CHECK(problem.message.find("http://127.0.0.1:8080/") != std::string::npos);
  CHECK(listener.events.empty());
}

TEST_CASE("an unknown model is refused with the names of those there are") {
  FakeWorld world;
  FakeListener listener;
  protocol::ResponseCreate request;
  request.prompt = "a";
  request.model = "gpt";
  auto result = world.broker.create(request, listener, true);
  CHECK(std::get<protocol::Problem>(result).name == ErrorName::kModelNotFound);
  CHECK(std::get<protocol::Problem>(result).message.find("m, other") != std::string::npos);
  request.model.reset();
  result = world.broker.create(request, listener, true);
  CHECK(std::get<protocol::Problem>(result).name == ErrorName::kInvalidArgument);
  CHECK(std::get<protocol::Problem>(result).param == "model");
}

TEST_CASE("a request needs exactly one kind of prompt") {
  FakeWorld world;
  FakeListener listener;
  protocol::ResponseCreate request;
  request.model = "m";
  auto result = world.broker.create(request, listener, true);
  CHECK(std::get<protocol::Problem>(result).name == ErrorName::kInvalidArgument);
  request.prompt = "a";
  request.prompt_ids = std::vector<std::uint32_t>{1};
  result = world.broker.create(request, listener, true);
  CHECK(std::get<protocol::Problem>(result).param == "messages");
}

TEST_CASE("a busy runner's next response waits in line and is told its position") {
  FakeWorld world;
  FakeRunner runner(world.broker);
  REQUIRE_FALSE(runner.ready());
  FakeListener first;
  FakeListener second;
  FakeListener third;
  world.create(first);
  const std::string second_id = world.create(second);
  world.create(third);
  REQUIRE(runner.assigned.size() == 1);
  REQUIRE(third.all<protocol::ResponseQueued>().size() == 1);
  CHECK(second.all<protocol::ResponseQueued>().at(0).position == 0);
  CHECK(third.all<protocol::ResponseQueued>().at(0).position == 1);
  runner.complete();
  REQUIRE(runner.assigned.size() == 2);
  CHECK(runner.assigned[1].response_id == second_id);
  CHECK(third.all<protocol::ResponseQueued>().at(1).position == 0);
}

TEST_CASE("two runners of one model work at once, the longest idle first") {
  FakeWorld world;
  FakeRunner one(world.broker);
  FakeRunner two(world.broker);
  REQUIRE_FALSE(one.ready());
  world.clock.advance(seconds(1));
  REQUIRE_FALSE(two.ready());
  FakeListener listener;
  world.create(listener);
  world.create(listener);
  CHECK(one.assigned.size() == 1);
  CHECK(two.assigned.size() == 1);
  world.clock.advance(seconds(1));
  two.complete();
  world.clock.advance(seconds(1));
  one.complete();
  world.create(listener);
  CHECK(two.assigned.size() == 2);
}

TEST_CASE("the line is bounded for all models together") {
  BrokerLimits limits;
  limits.queue_requests_max = 2;
  FakeWorld world(limits);
  FakeRunner runner(world.broker);
  REQUIRE_FALSE(runner.ready());
  FakeListener listeners[4];
  for (int index = 0; index < 3; ++index) CHECK(world.create(listeners[index]).starts_with("r-"));
  CHECK(world.create(listeners[3]) == "server_busy");
  FakeRunner other(world.broker);
  REQUIRE_FALSE(other.ready("other"));
  CHECK(world.create(listeners[3], true, "other").starts_with("r-"));
  CHECK(world.broker.queued_count() == 2);
}

TEST_CASE("one client cannot have more unfinished responses than allowed") {
  BrokerLimits limits;
  limits.responses_per_client_max = 2;
  FakeWorld world(limits);
  FakeRunner runner(world.broker);
  REQUIRE_FALSE(runner.ready());
  FakeListener greedy;
  FakeListener other;
  world.create(greedy);
  world.create(greedy);
  CHECK(world.create(greedy) == "too_many_requests");
  CHECK(world.create(other).starts_with("r-"));
  runner.complete();
  CHECK(world.create(greedy).starts_with("r-"));
}

TEST_CASE("a response that waits too long fails, and the next one still runs") {
  FakeWorld world;
  FakeRunner runner(world.broker);
  REQUIRE_FALSE(runner.ready());
  FakeListener first;
  FakeListener second;
  world.create(first);
  world.create(second);
  for (int step = 0; step < 5; ++step) {
    world.pass(seconds(30));
    runner.progress(1, 2);
  }
  CHECK(second.failure() == "queue_timeout");
  CHECK(first.failure().empty());
  runner.complete();
  FakeListener third;
  world.create(third);
  CHECK(runner.assigned.size() == 2);
}

TEST_CASE("a paused runner keeps its response but gets no other") {
  FakeWorld world;
  FakeRunner runner(world.broker);
  REQUIRE_FALSE(runner.ready());
  FakeListener listener;
  world.create(listener);
  runner.pause();
  runner.delta("a", {1});
  runner.complete();
  CHECK(listener.text() == "a");
  world.create(listener);
  CHECK(runner.assigned.size() == 1);
  REQUIRE_FALSE(runner.ready());
  CHECK(runner.assigned.size() == 2);
}

TEST_CASE("cancelling a running response completes it at once and stops the runner") {
  FakeWorld world;
  FakeRunner runner(world.broker);
  REQUIRE_FALSE(runner.ready());
  FakeListener first;
  FakeListener second;
  const std::string id = world.create(first);
  world.create(second);
  runner.progress(3, 7);
  runner.delta("a", {1});
  REQUIRE_FALSE(world.broker.cancel(id));
  const auto completed = first.all<protocol::ResponseCompleted>();
  REQUIRE(completed.size() == 1);
  CHECK(completed[0].finish_reason == FinishReason::kCancelled);
  CHECK(completed[0].usage.prompt_tokens == 7);
  CHECK(completed[0].usage.completion_tokens == 1);
  CHECK(runner.cancelled == std::vector<std::string>{id});
  // The runner is free only when it has confirmed; what it says meanwhile is late.
  runner.delta("b", {2});
  CHECK(first.text() == "a");
  CHECK(runner.assigned.size() == 1);
  runner.complete(FinishReason::kCancelled);
  CHECK(runner.assigned.size() == 2);
  CHECK_FALSE(world.broker.cancel(id));
  CHECK(world.broker.cancel("r-nobody")->name == ErrorName::kResponseNotFound);
}

TEST_CASE("cancelling a waiting response takes it out of the line") {
  FakeWorld world;
  FakeRunner runner(world.broker);
  REQUIRE_FALSE(runner.ready());
  FakeListener first;
  FakeListener second;
  world.create(first);
  const std::string id = world.create(second);
  REQUIRE_FALSE(world.broker.cancel(id));
  CHECK(second.all<protocol::ResponseCompleted>().size() == 1);
  CHECK(runner.cancelled.empty());
  runner.complete();
  CHECK(runner.assigned.size() == 1);
}

TEST_CASE("a runner that never confirms a cancel gets nothing until it is ready again") {
  FakeWorld world;
  FakeRunner runner(world.broker);
  REQUIRE_FALSE(runner.ready());
  FakeListener listener;
  REQUIRE_FALSE(world.broker.cancel(world.create(listener)));
  world.create(listener);
  world.pass(seconds(11));
  CHECK(runner.assigned.size() == 1);
  REQUIRE_FALSE(runner.ready());
  CHECK(runner.assigned.size() == 2);
}

TEST_CASE("shutdown fails what waits, lets the running finish, and refuses what is new") {
  FakeWorld world;
  FakeRunner runner(world.broker);
  REQUIRE_FALSE(runner.ready());
  FakeListener running;
  FakeListener waiting;
  world.create(running);
  world.create(waiting);
  world.broker.begin_shutdown();
  CHECK(waiting.failure() == "server_closing");
  CHECK(world.create(waiting) == "server_closing");
  runner.delta("a", {1});
  CHECK(running.text() == "a");
  CHECK(world.broker.running_count() == 1);
  world.broker.finish_shutdown();
  CHECK(running.failure() == "server_closing");
  CHECK(world.broker.running_count() == 0);
}

TEST_CASE("an answer that grows beyond its limit is stopped") {
  BrokerLimits limits;
  limits.output_tokens_max = 3;
  limits.output_bytes_max = 100;
  FakeWorld world(limits);
  FakeRunner runner(world.broker);
  REQUIRE_FALSE(runner.ready());
  FakeListener listener;
  world.create(listener);
  runner.delta("a", {1, 2, 3});
  CHECK(listener.failure().empty());
  runner.delta("b", {4});
  CHECK(listener.failure() == "context_full");
  runner.complete();
  FakeListener wordy;
  world.create(wordy);
  runner.delta(std::string(101, 'x'), {1});
  CHECK(wordy.failure() == "context_full");
}

TEST_CASE("a runner may not take another model while it works") {
  FakeWorld world;
  FakeRunner runner(world.broker);
  REQUIRE_FALSE(runner.ready());
  CHECK(runner.ready("nothing")->name == ErrorName::kModelNotFound);
  FakeListener listener;
  world.create(listener);
  CHECK(runner.ready("other")->name == ErrorName::kRequestConflict);
  runner.complete();
  CHECK_FALSE(runner.ready("other"));
  CHECK(world.create(listener) == "no_runner");
  CHECK(world.broker.runner_count("other") == 1);
}

}  // namespace
}  // namespace tessera::testing
