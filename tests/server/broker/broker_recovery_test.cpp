// What the broker does when runners are lost and when clients come back.
#include <catch2/catch_test_macros.hpp>

#include "server/broker/broker.h"
#include "server/support/fake_world.h"

namespace tessera::testing {
namespace {

using protocol::ErrorName;
using Ids = std::vector<std::uint32_t>;
using Numbers = std::vector<std::uint64_t>;
using std::chrono::seconds;

TEST_CASE("when a runner dies another one goes on, and the client sees no gap and no repetition") {
  FakeWorld world;
  FakeRunner first(world.broker);
  FakeRunner second(world.broker);
  REQUIRE_FALSE(first.ready());
  world.clock.advance(seconds(1));
  REQUIRE_FALSE(second.ready());
  FakeListener listener;
  const std::string id = world.create(listener);
  first.delta("one", {10});
  first.delta(" two", {11, 12});
  first.leave();
  REQUIRE(second.assigned.size() == 1);
  CHECK(second.assigned[0].response_id == id);
  CHECK(second.assigned[0].continuation_ids == Ids{10, 11, 12});
  CHECK(second.assigned[0].seed == first.assigned[0].seed);
  second.delta(" three", {13});
  second.complete();
  CHECK(listener.text() == "one two three");
  CHECK(listener.numbers() == Numbers{0, 1, 2, 3, 4});
  CHECK(listener.failure().empty());
  CHECK(world.metrics.runners_lost.value() == 1);
}

TEST_CASE("a response waits for a runner to return, and fails when none does") {
  FakeWorld world;
  FakeListener listener;
  {
    FakeRunner runner(world.broker);
    REQUIRE_FALSE(runner.ready());
    world.create(listener);
    runner.delta("a", {1});
    runner.leave();
  }
  world.pass(seconds(29));
  CHECK(listener.failure().empty());
  SECTION("a runner returns in time") {
    FakeRunner runner(world.broker);
    REQUIRE_FALSE(runner.ready());
    REQUIRE(runner.assigned.size() == 1);
    CHECK(runner.assigned[0].continuation_ids == Ids{1});
    runner.complete();
    CHECK(listener.failure().empty());
  }
  SECTION("no runner returns") {
    world.pass(seconds(2));
    CHECK(listener.failure() == "runner_lost");
  }
}

TEST_CASE("a lost response goes before those that wait longer") {
  FakeWorld world;
  auto first = std::make_unique<FakeRunner>(world.broker);
  REQUIRE_FALSE(first->ready());
  FakeListener started;
  FakeListener waiting;
  const std::string started_id = world.create(started);
  world.create(waiting);
  first->leave();
  FakeRunner second(world.broker);
  REQUIRE_FALSE(second.ready());
  REQUIRE(second.assigned.size() == 1);
  CHECK(second.assigned[0].response_id == started_id);
}

TEST_CASE("those in line do not wait long once the last runner has gone") {
  FakeWorld world;
  FakeListener started;
  FakeListener waiting;
  {
    FakeRunner runner(world.broker);
    REQUIRE_FALSE(runner.ready());
    world.create(started);
    world.create(waiting);
    runner.leave();
  }
  world.pass(seconds(31));
  CHECK(waiting.failure() == "no_runner");
  CHECK(started.failure() == "runner_lost");
}

TEST_CASE("a response is not tried on runners without end") {
  FakeWorld world;
  FakeListener listener;
  const std::size_t attempts_max = BrokerLimits{}.runner_attempts_max;
  for (std::size_t attempt = 0; attempt < attempts_max; ++attempt) {
    FakeRunner runner(world.broker);
    REQUIRE_FALSE(runner.ready());
    if (attempt == 0) world.create(listener);
    CHECK(runner.assigned.size() == 1);
    runner.leave();
  }
  CHECK(listener.failure() == "runner_lost");
}

TEST_CASE("a stalled runner is replaced and gets nothing until it is ready again") {
  FakeWorld world;
  FakeRunner stalled(world.broker);
  REQUIRE_FALSE(stalled.ready());
  FakeListener listener;
  const std::string id = world.create(listener);
  FakeRunner other(world.broker);
  REQUIRE_FALSE(other.ready());
  world.pass(seconds(59));
  stalled.progress(1, 10);
  world.pass(seconds(59));
  CHECK(other.assigned.empty());
  world.pass(seconds(2));
  REQUIRE(other.assigned.size() == 1);
  CHECK(stalled.cancelled == std::vector<std::string>{id});
  stalled.delta("late", {1});
  other.delta("good", {2});
  CHECK(listener.text() == "good");
  other.complete();
  stalled.complete();
  FakeListener next;
  world.create(next);
  CHECK(stalled.assigned.size() == 1);
  CHECK(other.assigned.size() == 2);
}

TEST_CASE("a runner that breaks its sequence is replaced") {
  FakeWorld world;
  FakeRunner faulty(world.broker);
  REQUIRE_FALSE(faulty.ready());
  FakeListener listener;
  world.create(listener);
  FakeRunner other(world.broker);
  REQUIRE_FALSE(other.ready());
  faulty.delta_numbered(0, "a", {1});
  SECTION("a gap") {
    faulty.delta_numbered(2, "c", {3});
  }
  SECTION("a repetition") {
    faulty.delta_numbered(0, "a", {1});
  }
  REQUIRE(other.assigned.size() == 1);
  CHECK(other.assigned[0].continuation_ids == Ids{1});
  CHECK(listener.text() == "a");
}

TEST_CASE("failures of the runner are retried, failures of the request are not") {
  FakeWorld world;
  FakeRunner first(world.broker);
  REQUIRE_FALSE(first.ready());
  FakeListener listener;
  world.create(listener);
  FakeRunner second(world.broker);
  REQUIRE_FALSE(second.ready());
  SECTION("the device is lost") {
    first.delta("a", {1});
    first.fail("device_lost");
    CHECK(second.assigned.size() == 1);
    CHECK(listener.failure().empty());
    second.leave();
    world.pass(seconds(29));
    CHECK(first.assigned.size() == 1);
    REQUIRE_FALSE(first.ready());
    CHECK(first.assigned.size() == 2);
  }
  SECTION("an unknown failure counts as the runner's") {
    first.fail("on_fire");
    CHECK(second.assigned.size() == 1);
  }
  SECTION("the context is full") {
    first.fail("context_full");
    CHECK(second.assigned.empty());
    CHECK(listener.failure() == "context_full");
    FakeListener next;
    world.create(next);
    CHECK(first.assigned.size() + second.assigned.size() == 2);
  }
}

TEST_CASE("a client that comes back gets every event after the last it saw") {
  FakeWorld world;
  FakeRunner runner(world.broker);
  REQUIRE_FALSE(runner.ready());
  FakeListener before;
  const std::string id = world.create(before);
  runner.delta("a", {1});
  world.broker.detach(before);
  runner.delta("b", {2});
  runner.delta("c", {3});
  FakeListener after;
  REQUIRE_FALSE(world.broker.resume(id, 1, after));
  CHECK(after.text() == "bc");
  runner.delta("d", {4});
  runner.complete();
  CHECK(before.text() == "a");
  CHECK(after.text() == "bcd");
  CHECK(after.numbers() == Numbers{2, 3, 4, 5});
  SECTION("a finished response is kept for a while") {
    FakeListener late;
    world.pass(seconds(59));
    REQUIRE_FALSE(world.broker.resume(id, -1, late));
    CHECK(late.numbers() == Numbers{0, 1, 2, 3, 4, 5});
    world.pass(seconds(2));
    CHECK(world.broker.resume(id, -1, late)->name == ErrorName::kResponseNotFound);
  }
  SECTION("events of the future are refused") {
    FakeListener early;
    CHECK(world.broker.resume(id, 6, early)->name == ErrorName::kInvalidArgument);
    CHECK_FALSE(world.broker.resume(id, 5, early));
    CHECK(early.events.empty());
  }
}

TEST_CASE("the connection that resumes takes the response from the one before") {
  FakeWorld world;
  FakeRunner runner(world.broker);
  REQUIRE_FALSE(runner.ready());
  FakeListener one;
  FakeListener two;
  const std::string id = world.create(one);
  REQUIRE_FALSE(world.broker.resume(id, 0, two));
  runner.delta("a", {1});
  CHECK(one.text().empty());
  CHECK(two.text() == "a");
  world.broker.detach(one);
  runner.delta("b", {2});
  CHECK(two.text() == "ab");
}

TEST_CASE("an unattended response is cancelled after a while") {
  FakeWorld world;
  FakeRunner runner(world.broker);
  REQUIRE_FALSE(runner.ready());
  FakeListener listener;
  const std::string id = world.create(listener);
  world.broker.detach(listener);
  world.pass(seconds(50));
  runner.delta("a", {1});
  CHECK(runner.cancelled.empty());
  world.pass(seconds(11));
  CHECK(runner.cancelled == std::vector<std::string>{id});
}

TEST_CASE("what cannot be resumed is cancelled when its listener goes") {
  FakeWorld world;
  FakeRunner runner(world.broker);
  REQUIRE_FALSE(runner.ready());
  FakeListener listener;
  FakeListener waiting;
  const std::string id = world.create(listener, /*is_resumable=*/false);
  world.create(waiting, /*is_resumable=*/false);
  world.broker.detach(waiting);
  CHECK(world.broker.queued_count() == 0);
  world.broker.detach(listener);
  CHECK(runner.cancelled == std::vector<std::string>{id});
  CHECK(listener.events.size() == 1);
  FakeListener other;
  CHECK(world.broker.resume(id, -1, other)->name == ErrorName::kResponseNotFound);
}

TEST_CASE("a replay log keeps the newest events and says when one is gone") {
  BrokerLimits limits;
  limits.replay_log_bytes_max = 4096;
  FakeWorld world(limits);
  FakeRunner runner(world.broker);
  REQUIRE_FALSE(runner.ready());
  FakeListener listener;
  const std::string id = world.create(listener);
  for (std::uint32_t token = 0; token < 10; ++token) runner.delta(std::string(1000, 'x'), {token});
  FakeListener late;
  CHECK(world.broker.resume(id, 0, late)->name == ErrorName::kReplayGone);
  REQUIRE_FALSE(world.broker.resume(id, 9, late));
  CHECK(late.text().size() == 1000);
}

TEST_CASE("only so many finished responses are kept") {
  BrokerLimits limits;
  limits.replay_logs_max = 2;
  FakeWorld world(limits);
  FakeRunner runner(world.broker);
  REQUIRE_FALSE(runner.ready());
  FakeListener listener;
  std::vector<std::string> ids;
  for (int count = 0; count < 3; ++count) {
    ids.push_back(world.create(listener));
    runner.complete();
  }
  FakeListener late;
  CHECK(world.broker.resume(ids[0], -1, late)->name == ErrorName::kResponseNotFound);
  CHECK_FALSE(world.broker.resume(ids[1], -1, late));
}

}  // namespace
}  // namespace tessera::testing
