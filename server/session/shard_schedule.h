// ShardSchedule: the open shard requests of one session, and which of them is served next: the
// lowest priority that has credit, equals in turn.
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <optional>

#include "protocol/generated/protocol.h"
#include "protocol/problem.h"
#include "server/models/model_catalog.h"

namespace tessera {

// The bytes of the next frame.
struct ShardPiece {
  std::uint32_t request_id = 0;
  const CatalogShard* shard = nullptr;
  std::uint64_t offset = 0;
  std::size_t size_bytes = 0;
  bool is_last = false;
};

class ShardSchedule {
 public:
  // REQUIRES: the shard outlives the schedule.
  // Problems: request_conflict, too_many_requests, invalid_range.
  std::optional<protocol::Problem> add(const protocol::ShardRequest& request,
                                       const CatalogShard& shard);
  // Credit for a request that has ended is ignored. Problems: credit_exceeded, which ends it.
  std::optional<protocol::Problem> add_credit(std::uint32_t request_id, std::uint64_t bytes);
  void cancel(std::uint32_t request_id);

  // The next piece, at most kShardFramePayloadBytesMax bytes and at most the request's credit, and
  // counts it as sent; nothing if no request has credit.
  std::optional<ShardPiece> next();

  std::size_t open_count() const { return requests_.size(); }

 private:
  struct Request {
    std::uint32_t id;
    std::uint32_t priority;
    const CatalogShard* shard;
    std::uint64_t offset;
    std::uint64_t end;
    std::uint64_t credit_bytes;
  };
  using Requests = std::list<Request>;
  Requests::iterator find(std::uint32_t request_id);

  Requests requests_;  // the least recently served first
};

}  // namespace tessera
