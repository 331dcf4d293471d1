// How fast threads read memory, in GB/s: the most that a decode step can read its weights with.
//
//   read_bench THREADS SIZE_BYTES
//
// Every thread adds up its share of the bytes, again and again; the best of many passes counts.
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <numeric>
#include <vector>

#include "backends/cpu/thread_pool.h"

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: read_bench THREADS SIZE_BYTES\n");
    return 2;
  }
  const int threads = std::atoi(argv[1]);
  const std::vector<std::uint64_t> values(std::strtoull(argv[2], nullptr, 10) / 8, 1);
  const std::int64_t parts = std::int64_t{8} * threads;
  const std::size_t part_size = values.size() / static_cast<std::size_t>(parts);
  std::vector<std::uint64_t> sums(static_cast<std::size_t>(parts));
  tessera::ThreadPool pool(threads);
  double shortest_s = 1e30;
  for (int pass = 0; pass < 100; ++pass) {
    const auto begin = std::chrono::steady_clock::now();
    pool.for_each_part(parts, [&](std::int64_t part, int) {
      const auto first = values.begin() + part * static_cast<std::ptrdiff_t>(part_size);
      sums[static_cast<std::size_t>(part)] +=
          std::accumulate(first, first + static_cast<std::ptrdiff_t>(part_size), std::uint64_t{0});
    });
    const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - begin;
    shortest_s = std::min(shortest_s, elapsed.count());
  }
  const std::uint64_t sum = std::accumulate(sums.begin(), sums.end(), std::uint64_t{0});
  if (sum != 100 * part_size * static_cast<std::size_t>(parts)) return 1;
  std::printf("%.3f\n", static_cast<double>(values.size() * 8) / shortest_s / 1e9);
}
