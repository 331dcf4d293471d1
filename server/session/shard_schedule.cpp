#include "server/session/shard_schedule.h"

#include <algorithm>
#include <string>

namespace tessera {

using protocol::ErrorName;
using protocol::Problem;

ShardSchedule::Requests::iterator ShardSchedule::find(std::uint32_t request_id) {
  return std::ranges::find(requests_, request_id, &Request::id);
}

std::optional<Problem> ShardSchedule::add(const protocol::ShardRequest& request,
                                          const CatalogShard& shard) {
  const std::string name = "shard request " + std::to_string(request.request_id);
  if (find(request.request_id) != requests_.end()) {
    return Problem{ErrorName::kRequestConflict, name + " is open already", "request_id"};
  }
  if (requests_.size() >= protocol::kShardRequestsMax) {
    return Problem{ErrorName::kTooManyRequests,
                   name + ": " + std::to_string(requests_.size()) + " are open already",
                   {}};
  }
  const std::uint64_t offset = request.offset.value_or(0);
  if (offset >= shard.size_bytes) {
    return Problem{ErrorName::kInvalidRange,
                   name + ": offset " + std::to_string(offset) + " is not in a shard of " +
                       std::to_string(shard.size_bytes) + " bytes",
                   "offset"};
  }
  const std::uint64_t size = request.size_bytes.value_or(shard.size_bytes - offset);
  if (size > shard.size_bytes - offset) {
    return Problem{ErrorName::kInvalidRange,
                   name + ": " + std::to_string(size) + " bytes from " + std::to_string(offset) +
                       " on are more than the shard's " + std::to_string(shard.size_bytes),
                   "size_bytes"};
  }
  requests_.push_back(
      {request.request_id, request.priority, &shard, offset, offset + size, request.credit_bytes});
  return std::nullopt;
}

std::optional<Problem> ShardSchedule::add_credit(std::uint32_t request_id, std::uint64_t bytes) {
  const auto request = find(request_id);
  if (request == requests_.end()) return std::nullopt;
  if (bytes > protocol::kShardCreditBytesMax - request->credit_bytes) {
    const std::string held = std::to_string(request->credit_bytes);
    requests_.erase(request);
    return Problem{ErrorName::kCreditExceeded,
                   "shard request " + std::to_string(request_id) + " got " + std::to_string(bytes) +
                       " bytes of credit on top of " + held,
                   "bytes"};
  }
  request->credit_bytes += bytes;
  return std::nullopt;
}

void ShardSchedule::cancel(std::uint32_t request_id) {
  const auto request = find(request_id);
  if (request != requests_.end()) requests_.erase(request);
}

std::optional<ShardPiece> ShardSchedule::next() {
  auto best = requests_.end();
  for (auto request = requests_.begin(); request != requests_.end(); ++request) {
    if (request->credit_bytes == 0) continue;
    if (best == requests_.end() || request->priority < best->priority) best = request;
  }
  if (best == requests_.end()) return std::nullopt;
  ShardPiece piece{best->id, best->shard, best->offset, 0, false};
  piece.size_bytes = std::min(
      {best->end - best->offset, best->credit_bytes, protocol::kShardFramePayloadBytesMax});
  best->offset += piece.size_bytes;
  best->credit_bytes -= piece.size_bytes;
  piece.is_last = best->offset == best->end;
  if (piece.is_last) {
    requests_.erase(best);
  } else {
    requests_.splice(requests_.end(), requests_, best);
  }
  return piece;
}

}  // namespace tessera
