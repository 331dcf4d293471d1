#include "server/broker/replay_log.h"

namespace tessera {

void ReplayLog::append(SharedResponseEvent event) {
  size_bytes_ += event_size_bytes(*event);
  events_.push_back(std::move(event));
  while (size_bytes_ > size_bytes_max_ && events_.size() > 1) {
    size_bytes_ -= event_size_bytes(*events_.front());
    events_.pop_front();
    ++first_number_;
  }
}

std::optional<std::vector<SharedResponseEvent>> ReplayLog::after(
    std::int64_t sequence_number) const {
  const std::int64_t next = sequence_number + 1;
  if (next < first_number_) return std::nullopt;
  const auto skipped = static_cast<std::size_t>(next - first_number_);
  if (skipped >= events_.size()) return std::vector<SharedResponseEvent>{};
  return std::vector<SharedResponseEvent>(events_.begin() + static_cast<std::ptrdiff_t>(skipped),
                                          events_.end());
}

}  // namespace tessera
