// EventInbox: the events of one response on their way to the coroutine that answers an HTTP
// request.
#pragma once

#include <cstddef>
#include <deque>

#include "server/broker/response_event.h"
#include "server/net/signal.h"

namespace tessera::net {

class EventInbox final : public ResponseListener {
 public:
  explicit EventInbox(const asio::any_io_executor& executor) : signal_(executor) {}

  void on_response_event(const SharedResponseEvent& event) override {
    size_bytes_ += event_size_bytes(*event);
    events_.push_back(event);
    signal_.notify();
  }

  // The peer is gone: wait_next returns null from now on.
  void disconnect() {
    is_disconnected_ = true;
    signal_.notify();
  }

  // The next event, or null if the peer is gone or reads so slowly that too much has piled up.
  asio::awaitable<SharedResponseEvent> wait_next() {
    while (events_.empty() && !is_disconnected_) co_await signal_.wait();
    if (is_disconnected_ || is_overfull()) co_return nullptr;
    SharedResponseEvent event = std::move(events_.front());
    events_.pop_front();
    size_bytes_ -= event_size_bytes(*event);
    co_return event;
  }

  bool is_overfull() const { return size_bytes_ > protocol::kWriteQueueBytesMax; }

 private:
  std::deque<SharedResponseEvent> events_;
  std::size_t size_bytes_ = 0;
  bool is_disconnected_ = false;
  Signal signal_;
};

}  // namespace tessera::net
