#include "backends/cpu/thread_pool.h"

#include "base/check.h"

// Emscripten without -pthread offers std::thread, but cannot start one.
#if !defined(__EMSCRIPTEN__) || defined(__EMSCRIPTEN_PTHREADS__)
#define TESSERA_HAS_THREADS 1
#endif

#ifdef TESSERA_HAS_THREADS

#include <array>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace tessera {
namespace {

// How often a thread looks again before it sleeps: about 20 to 50 microseconds.
constexpr int kSpins = 4000;

void pause() noexcept {
#if defined(__x86_64__)
  _mm_pause();
#endif
}

}  // namespace

// A task is published by raising `generation` after its fields are written. Parts are handed out by
// `next_part`; a worker that has found none left lowers `busy_workers`, and the caller waits for
// zero, so that no worker still reads the fields when the next task is written.
struct ThreadPool::Shared {
  alignas(64) std::atomic<std::uint32_t> generation{0};
  alignas(64) std::atomic<std::int64_t> next_part{0};
  alignas(64) std::atomic<int> busy_workers{0};
  alignas(64) std::int64_t part_count = 0;
  Call call = nullptr;
  const void* task = nullptr;

  std::mutex mutex;
  std::condition_variable wake;
  std::condition_variable done;
  std::atomic<int> sleepers{0};
  std::atomic<bool> caller_sleeps{false};
  std::atomic<bool> stops{false};
  std::array<std::thread, kThreadsMax> workers;

  void do_parts(int thread) {
    for (;;) {
      const std::int64_t part = next_part.fetch_add(1, std::memory_order_relaxed);
      if (part >= part_count) return;
      call(task, part, thread);
    }
  }

  // Waits for a generation other than `seen` and returns it.
  std::uint32_t await_generation(std::uint32_t seen) {
    for (int spin = 0; spin < kSpins; ++spin) {
      const std::uint32_t now = generation.load(std::memory_order_acquire);
      if (now != seen) return now;
      pause();
    }
    std::unique_lock lock(mutex);
    sleepers.fetch_add(1);
    wake.wait(lock, [&] { return generation.load() != seen; });
    sleepers.fetch_sub(1);
    return generation.load();
  }

  void work(int thread) {
    std::uint32_t seen = 0;
    for (;;) {
      seen = await_generation(seen);
      if (stops.load()) return;
      do_parts(thread);
      if (busy_workers.fetch_sub(1) == 1 && caller_sleeps.load()) {
        const std::lock_guard lock(mutex);
        done.notify_one();
      }
    }
  }

  void publish() {
    generation.fetch_add(1);
    if (sleepers.load() > 0) {
      const std::lock_guard lock(mutex);
      wake.notify_all();
    }
  }

  void await_workers() {
    for (int spin = 0; spin < kSpins; ++spin) {
      if (busy_workers.load(std::memory_order_acquire) == 0) return;
      pause();
    }
    std::unique_lock lock(mutex);
    caller_sleeps.store(true);
    done.wait(lock, [&] { return busy_workers.load() == 0; });
    caller_sleeps.store(false);
  }
};

ThreadPool::ThreadPool(int threads) : threads_(threads), shared_(std::make_unique<Shared>()) {
  TESSERA_CHECK(threads >= 1 && threads <= kThreadsMax);
  for (int thread = 1; thread < threads; ++thread) {
    shared_->workers[static_cast<std::size_t>(thread)] =
        std::thread([shared = shared_.get(), thread] { shared->work(thread); });
  }
}

ThreadPool::~ThreadPool() {
  shared_->stops.store(true);
  shared_->publish();
  for (std::thread& worker : shared_->workers) {
    if (worker.joinable()) worker.join();
  }
}

void ThreadPool::run(std::int64_t part_count, Call call, const void* task) {
  if (threads_ == 1 || part_count <= 1) {
    for (std::int64_t part = 0; part < part_count; ++part) call(task, part, 0);
    return;
  }
  shared_->call = call;
  shared_->task = task;
  shared_->part_count = part_count;
  shared_->next_part.store(0, std::memory_order_relaxed);
  shared_->busy_workers.store(threads_ - 1, std::memory_order_relaxed);
  shared_->publish();
  shared_->do_parts(0);
  shared_->await_workers();
}

}  // namespace tessera

#else

namespace tessera {

struct ThreadPool::Shared {};

ThreadPool::ThreadPool(int threads) : threads_(1) {
  TESSERA_CHECK(threads >= 1 && threads <= kThreadsMax);
}

ThreadPool::~ThreadPool() = default;

void ThreadPool::run(std::int64_t part_count, Call call, const void* task) {
  for (std::int64_t part = 0; part < part_count; ++part) call(task, part, 0);
}

}  // namespace tessera

#endif
