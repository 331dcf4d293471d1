// ThreadPool: persistent workers that share out the parts of one task at a time. Workers spin for
// some microseconds after a task, because the next one usually follows at once, and then sleep.
//
// Where threads cannot be had (a Wasm build without them) the calling thread does everything.
#pragma once

#include <cstdint>
#include <memory>
#include <type_traits>

namespace tessera {

inline constexpr int kThreadsMax = 64;

class ThreadPool {
 public:
  // REQUIRES: 1 <= threads <= kThreadsMax. The calling thread of `for_each_part` counts as one.
  explicit ThreadPool(int threads);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  int threads() const { return threads_; }

  // Calls task(part, thread) once for every part in 0..part_count-1, on whichever thread is free,
  // and returns when all are done. `thread` is in 0..threads()-1, and no two calls that run at the
  // same time have the same one. Takes no memory. Not reentrant.
  template <typename Task>
  void for_each_part(std::int64_t part_count, const Task& task) {
    run(part_count, &call<Task>, &task);
  }

 private:
  using Call = void (*)(const void* task, std::int64_t part, int thread);
  struct Shared;

  template <typename Task>
  static void call(const void* task, std::int64_t part, int thread) {
    (*static_cast<const Task*>(task))(part, thread);
  }
  void run(std::int64_t part_count, Call call, const void* task);

  int threads_;
  std::unique_ptr<Shared> shared_;
};

}  // namespace tessera
