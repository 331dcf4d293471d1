#include "backends/cpu/cpu_backend.h"

#include <atomic>
#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <vector>

#include "backends/cpu/simd/math.h"
#include "backends/cpu/thread_pool.h"
#include "support/op_tensors.h"

namespace tessera {

TEST_CASE("the backend counts memory by purpose and refuses what exceeds the budget") {
  auto backend = CpuBackend::create({.threads = 1, .memory_budget_bytes = 1000}).value();
  const BufferRef weights = backend->allocate(600, MemoryPurpose::kWeights).value();
  const BufferRef cache = backend->allocate(300, MemoryPurpose::kKvCache).value();
  CHECK(backend->memory_use().weights_bytes == 600);
  CHECK(backend->memory_use().kv_cache_bytes == 300);
  CHECK(backend->memory_use().total_bytes() == 900);
  const auto refused = backend->allocate(101, MemoryPurpose::kActivations);
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().code == ErrorCode::kOutOfMemory);
  CHECK(refused.error().message.find("101 bytes are needed, 900 of 1000 are taken") !=
        std::string::npos);
  backend->release(weights);
  CHECK(backend->memory_use().weights_bytes == 0);
  CHECK(backend->allocate(700, MemoryPurpose::kActivations).has_value());
  backend->release(cache);
}

TEST_CASE("the backend takes as much for a tensor as its type and shape need") {
  auto backend = CpuBackend::create({}).value();
  const Shape shape{9, 33};  // two panels of two groups
  CHECK(backend->allocate(DataType::kQ4, shape, MemoryPurpose::kWeights)->size_bytes == 4 * 144);
  CHECK(backend->allocate(DataType::kF16, shape, MemoryPurpose::kWeights)->size_bytes == 594);
  CHECK(backend->memory_use().weights_bytes == 4 * 144 + 594);
}

TEST_CASE("the backend refuses sizes that no memory has") {
  auto backend = CpuBackend::create({.threads = 1, .memory_budget_bytes = SIZE_MAX / 4}).value();
  for (const std::size_t size : {SIZE_MAX, SIZE_MAX - 63, SIZE_MAX / 2}) {
    CHECK(backend->allocate(size, MemoryPurpose::kWeights).error().code == ErrorCode::kOutOfMemory);
  }
  CHECK(backend->memory_use().total_bytes() == 0);
}

TEST_CASE("the backend's buffers are zeroed, aligned, and keep what is written") {
  auto backend = CpuBackend::create({}).value();
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{4097}}) {
    const BufferRef buffer = backend->allocate(size, MemoryPurpose::kWeights).value();
    CHECK(reinterpret_cast<std::uintptr_t>(buffer.host) % 64 == 0);
    std::vector<std::byte> bytes(size, std::byte{1});
    REQUIRE(read_now(*backend, buffer, 0, bytes).has_value());
    CHECK(bytes == std::vector<std::byte>(size));
    bytes.assign(size, std::byte{7});
    REQUIRE(backend->write(buffer, 0, bytes).has_value());
    std::vector<std::byte> again(size);
    REQUIRE(read_now(*backend, buffer, 0, again).has_value());
    CHECK(again == bytes);
    backend->release(buffer);
  }
}

TEST_CASE("the backend reports working memory that does not fit the budget") {
  auto backend = CpuBackend::create({.threads = 1, .memory_budget_bytes = 10000}).value();
  testing::OpTensors tensors(1);
  const MatMul op{.x = tensors.zeros(DataType::kF32, Shape{64, 320}),
                  .weight = tensors.zeros(DataType::kQ4, Shape{8, 320}),
                  .bias = {},
                  .out = tensors.zeros(DataType::kF32, Shape{64, 8}),
                  .activations = Activations::kInt8};
  const Op ops[] = {op};
  CHECK(backend->run(ops).error().code == ErrorCode::kOutOfMemory);
  CHECK(backend->memory_use().total_bytes() == 0);
}

TEST_CASE("the backend refuses thread counts that make no sense") {
  for (const int threads : {0, -1, kThreadsMax + 1}) {
    CHECK(CpuBackend::create({.threads = threads}).error().code == ErrorCode::kInvalidArgument);
  }
}

TEST_CASE("the thread pool runs every part once, whatever their number") {
  for (const int threads : {1, 2, 3, 4}) {
    ThreadPool pool(threads);
    for (const std::int64_t count : {0, 1, 2, 3, 7, 1000}) {
      std::vector<std::atomic<int>> calls(static_cast<std::size_t>(count));
      std::atomic<bool> is_thread_in_range = true;
      pool.for_each_part(count, [&](std::int64_t part, int thread) {
        ++calls[static_cast<std::size_t>(part)];
        if (thread < 0 || thread >= pool.threads()) is_thread_in_range = false;
      });
      CHECK(is_thread_in_range);
      for (const auto& call : calls) REQUIRE(call == 1);
    }
  }
}

TEST_CASE("the thread pool makes results of one task visible to the next") {
  ThreadPool pool(3);
  std::vector<int> values(100, 0);
  for (int round = 0; round < 2000; ++round) {
    pool.for_each_part(100, [&](std::int64_t part, int) {
      // Each part reads what another thread may have written in the round before.
      values[static_cast<std::size_t>(part)] += 1;
    });
  }
  CHECK(values == std::vector<int>(100, 2000));
}

TEST_CASE("vector exp is within two units in the last place over its range") {
  double worst = 0.0;
  for (float x = -86.5f; x < 88.0f; x += 0.00371f) {
    float lanes[simd::kLanes];
    simd::store(lanes, simd::exp(simd::splat(x)));
    const double expected = std::exp(static_cast<double>(x));
    worst = std::max(worst, std::fabs(lanes[0] - expected) / expected);
  }
  // A unit in the last place is 2^-23 to 2^-24 of the value.
  CHECK(worst < 2 * 0x1p-23);
}

}  // namespace tessera
