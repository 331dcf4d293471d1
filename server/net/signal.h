// Signal: one coroutine waits, others on the same thread wake it.
#pragma once

#include <utility>

#include "server/net/beast.h"

namespace tessera::net {

class Signal {
 public:
  explicit Signal(const asio::any_io_executor& executor)
      : timer_(executor, asio::steady_timer::time_point::max()) {}

  // Wakes the waiting coroutine, or lets the next wait return at once.
  void notify() {
    is_set_ = true;
    timer_.cancel();
  }

  asio::awaitable<void> wait() {
    while (!std::exchange(is_set_, false)) co_await timer_.async_wait(kAsTuple);
  }

 private:
  asio::steady_timer timer_;
  bool is_set_ = false;
};

}  // namespace tessera::net
