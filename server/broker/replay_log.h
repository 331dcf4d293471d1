// ReplayLog: the last numbered events of one response, so that a client can come back for them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "server/broker/response_event.h"

namespace tessera {

class ReplayLog {
 public:
  explicit ReplayLog(std::size_t size_bytes_max) : size_bytes_max_(size_bytes_max) {}

  // Events are numbered in the order in which they are appended, from 0. Drops the oldest events
  // while the log is too large; the newest always stays.
  void append(SharedResponseEvent event);

  // The events after that number, or nothing if one of them has been dropped.
  std::optional<std::vector<SharedResponseEvent>> after(std::int64_t sequence_number) const;

  std::size_t size_bytes() const { return size_bytes_; }

 private:
  std::size_t size_bytes_max_;
  std::size_t size_bytes_ = 0;
  std::int64_t first_number_ = 0;  // of events_.front()
  std::deque<SharedResponseEvent> events_;
};

}  // namespace tessera
