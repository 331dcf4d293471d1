#include "server/session/shard_schedule.h"

#include <catch2/catch_test_macros.hpp>

namespace tessera {
namespace {

using protocol::ErrorName;
constexpr std::uint64_t kPayload = protocol::kShardFramePayloadBytesMax;

protocol::ShardRequest request(std::uint32_t id, std::uint64_t credit, std::uint32_t priority = 0) {
  protocol::ShardRequest message;
  message.request_id = id;
  message.credit_bytes = static_cast<std::uint32_t>(credit);
  message.priority = priority;
  return message;
}

TEST_CASE("a shard is sent in frames up to its end") {
  const CatalogShard shard{"file", 2 * kPayload + 5};
  ShardSchedule schedule;
  REQUIRE_FALSE(schedule.add(request(1, 4 * kPayload), shard));
  CHECK(schedule.next()->size_bytes == kPayload);
  const auto second = schedule.next();
  CHECK(second->offset == kPayload);
  CHECK_FALSE(second->is_last);
  const auto last = schedule.next();
  CHECK(last->offset == 2 * kPayload);
  CHECK(last->size_bytes == 5);
  CHECK(last->is_last);
  CHECK_FALSE(schedule.next());
  CHECK(schedule.open_count() == 0);
}

TEST_CASE("nothing is sent without credit") {
  const CatalogShard shard{"file", 1000};
  ShardSchedule schedule;
  REQUIRE_FALSE(schedule.add(request(1, 0), shard));
  CHECK_FALSE(schedule.next());
  REQUIRE_FALSE(schedule.add_credit(1, 10));
  CHECK(schedule.next()->size_bytes == 10);
  CHECK_FALSE(schedule.next());
  REQUIRE_FALSE(schedule.add_credit(1, protocol::kShardCreditBytesMax));
  CHECK(schedule.next()->is_last);
}

TEST_CASE("too much credit ends a request, credit for an ended one is ignored") {
  const CatalogShard shard{"file", 1000};
  ShardSchedule schedule;
  REQUIRE_FALSE(schedule.add(request(1, 1), shard));
  CHECK(schedule.add_credit(1, protocol::kShardCreditBytesMax)->name == ErrorName::kCreditExceeded);
  CHECK(schedule.open_count() == 0);
  CHECK_FALSE(schedule.add_credit(1, 1));
}

TEST_CASE("the lowest priority is served first, equals take turns, and no credit blocks nobody") {
  const CatalogShard shard{"file", 100 * kPayload};
  ShardSchedule schedule;
  REQUIRE_FALSE(schedule.add(request(1, 2 * kPayload, 5), shard));
  REQUIRE_FALSE(schedule.add(request(2, 2 * kPayload, 5), shard));
  REQUIRE_FALSE(schedule.add(request(3, kPayload, 1), shard));
  REQUIRE_FALSE(schedule.add(request(4, 0, 0), shard));
  std::vector<std::uint32_t> order;
  while (const auto piece = schedule.next()) order.push_back(piece->request_id);
  CHECK(order == std::vector<std::uint32_t>{3, 1, 2, 1, 2});
}

TEST_CASE("ranges are kept, and those outside the shard are refused") {
  const CatalogShard shard{"file", 1000};
  ShardSchedule schedule;
  auto part = request(1, 500);
  part.offset = 900;
  part.size_bytes = 50;
  REQUIRE_FALSE(schedule.add(part, shard));
  const auto piece = schedule.next();
  CHECK(piece->offset == 900);
  CHECK(piece->size_bytes == 50);
  CHECK(piece->is_last);
  part.size_bytes = 101;
  CHECK(schedule.add(part, shard)->param == "size_bytes");
  part.offset = 1000;
  CHECK(schedule.add(part, shard)->param == "offset");
  part.offset = protocol::kIntegerMax;
  part.size_bytes = protocol::kIntegerMax;
  CHECK(schedule.add(part, shard)->name == ErrorName::kInvalidRange);
}

TEST_CASE("open requests are counted and told apart") {
  const CatalogShard shard{"file", 1000};
  ShardSchedule schedule;
  for (std::uint32_t id = 0; id < protocol::kShardRequestsMax; ++id) {
    REQUIRE_FALSE(schedule.add(request(id, 1), shard));
  }
  CHECK(schedule.add(request(3, 1), shard)->name == ErrorName::kRequestConflict);
  CHECK(schedule.add(request(99, 1), shard)->name == ErrorName::kTooManyRequests);
  schedule.cancel(3);
  CHECK_FALSE(schedule.add(request(99, 1), shard));
}

}  // namespace
}  // namespace tessera
