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

// How often a thread looks again before it sleeps: about 20 to 50 microseconds. Wasm has no pause.
#if defined(__x86_64__)
constexpr int kSpins = 4000;
#else
constexpr int kSpins = 40000;
#endif

void pause() noexcept {
#if defined(__x86_64__)
  _mm_pause();
#endif
}

}  // namespace

// `open` holds the number of a task and how many of its parts nobody has taken yet. Whoever lowers
// it by one owns a part, and until all owned parts are finished the caller writes no new task; a
// worker that comes late finds nothing open and reads nothing. So nobody ever waits for a thread
// that has not begun.
struct ThreadPool::Shared {
  static constexpr std::uint64_t kPartsMask = 0xffffffffu;
  static constexpr std::uint64_t kNextTask = kPartsMask + 1;

  alignas(64) std::atomic<std::uint64_t> open{0};  // task number << 32 | parts not taken yet
  alignas(64) std::atomic<std::int64_t> unfinished_parts{0};
  alignas(64) Call call = nullptr;
  const void* task = nullptr;

  std::mutex mutex;
  std::condition_variable wake;
  std::condition_variable done;
  std::atomic<int> sleepers{0};
  std::atomic<bool> caller_sleeps{false};
  std::atomic<bool> stops{false};
  std::array<std::thread, kThreadsMax> workers;

  bool has_work() const { return (open.load() & kPartsMask) != 0 || stops.load(); }

  // Does one part, if there is one.
  bool do_part(int thread) {
    std::uint64_t seen = open.load(std::memory_order_relaxed);
    do {
      if ((seen & kPartsMask) == 0) return false;
    } while (!open.compare_exchange_weak(seen, seen - 1, std::memory_order_acquire,
                                         std::memory_order_relaxed));
    call(task, static_cast<std::int64_t>(seen & kPartsMask) - 1, thread);
    if (unfinished_parts.fetch_sub(1) == 1 && caller_sleeps.load()) {
      const std::lock_guard lock(mutex);
      done.notify_one();
    }
    return true;
  }

  void await_work() {
    for (int spin = 0; spin < kSpins; ++spin) {
      if (has_work()) return;
      pause();
    }
    std::unique_lock lock(mutex);
    sleepers.fetch_add(1);
    wake.wait(lock, [&] { return has_work(); });
    sleepers.fetch_sub(1);
  }

  void work(int thread) {
    for (;;) {
      await_work();
      if (stops.load()) return;
      while (do_part(thread)) {
      }
    }
  }

  void wake_sleepers() {
    if (sleepers.load() == 0) return;
    const std::lock_guard lock(mutex);
    wake.notify_all();
  }

  void publish(std::int64_t part_count) {
    unfinished_parts.store(part_count, std::memory_order_relaxed);
    const std::uint64_t number = (open.load(std::memory_order_relaxed) & ~kPartsMask) + kNextTask;
    open.store(number | static_cast<std::uint64_t>(part_count));
    wake_sleepers();
  }

  void await_end() {
    for (int spin = 0; spin < kSpins; ++spin) {
      if (unfinished_parts.load(std::memory_order_acquire) == 0) return;
      pause();
    }
    std::unique_lock lock(mutex);
    caller_sleeps.store(true);
    done.wait(lock, [&] { return unfinished_parts.load() == 0; });
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
  shared_->wake_sleepers();
  for (std::thread& worker : shared_->workers) {
    if (worker.joinable()) worker.join();
  }
}

void ThreadPool::run(std::int64_t part_count, Call call, const void* task) {
  if (threads_ == 1 || part_count <= 1) {
    for (std::int64_t part = part_count; part-- > 0;) call(task, part, 0);
    return;
  }
  TESSERA_CHECK(part_count <= static_cast<std::int64_t>(Shared::kPartsMask));
  shared_->call = call;
  shared_->task = task;
  shared_->publish(part_count);
  while (shared_->do_part(0)) {
  }
  shared_->await_end();
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
  for (std::int64_t part = part_count; part-- > 0;) call(task, part, 0);
}

}  // namespace tessera

#endif
