// What benchmarks time with.
#pragma once

#include <algorithm>
#include <chrono>

namespace tessera {

inline double now_s() {
  using Clock = std::chrono::steady_clock;
  return std::chrono::duration<double>(Clock::now().time_since_epoch()).count();
}

// The shortest time of one call, out of as many as fit into `seconds` (at least three).
template <typename Function>
double shortest_s(double seconds, Function function) {
  function();
  double shortest = 1e30;
  const double begin = now_s();
  for (int calls = 0; calls < 3 || now_s() - begin < seconds; ++calls) {
    const double start = now_s();
    function();
    shortest = std::min(shortest, now_s() - start);
  }
  return shortest;
}

}  // namespace tessera
