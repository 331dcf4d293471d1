// Dense float matrices of Eigen, and work shared out among threads.
#pragma once

#include <Eigen/Dense>
#include <algorithm>
#include <thread>
#include <vector>

namespace tessera::calibration {

using Matrix = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using Vector = Eigen::Matrix<float, 1, Eigen::Dynamic>;

// Calls work(index, thread) for every index below `count`; thread t takes t, t + threads, ...
template <typename Work>
void for_each_index(std::int64_t count, int threads, const Work& work) {
  const auto workers =
      static_cast<int>(std::clamp<std::int64_t>(threads, 1, std::max<std::int64_t>(1, count)));
  const auto run = [&](int thread) {
    for (std::int64_t index = thread; index < count; index += workers) work(index, thread);
  };
  std::vector<std::thread> others;
  for (int thread = 1; thread < workers; ++thread) others.emplace_back(run, thread);
  run(0);
  for (std::thread& other : others) other.join();
}

}  // namespace tessera::calibration
