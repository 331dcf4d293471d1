// CpuBackend: tensors in ordinary memory, ops on one or several threads with SIMD kernels.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <unordered_map>

#include "backends/backend.h"
#include "backends/cpu/execution.h"
#include "backends/cpu/rotation_table.h"
#include "backends/cpu/scratch.h"
#include "backends/cpu/thread_pool.h"

namespace tessera {

struct CpuBackendOptions {
  int threads = 1;  // the calling one included; where threads cannot be had, 1 is used
  std::size_t memory_budget_bytes = SIZE_MAX;
};

// Results do not depend on the number of threads. One thread at a time may call an instance.
class CpuBackend final : public Backend {
 public:
  // Errors: kInvalidArgument for fewer than 1 or more than kThreadsMax threads; kUnsupported if the
  // processor lacks instructions that this build uses.
  static Result<std::unique_ptr<CpuBackend>> create(const CpuBackendOptions& options);

  ~CpuBackend() override;
  CpuBackend(const CpuBackend&) = delete;
  CpuBackend& operator=(const CpuBackend&) = delete;

  std::string_view name() const override { return "cpu"; }
  int threads() const { return pool_.threads(); }

  Result<BufferRef> allocate(DataType type, const Shape& shape, MemoryPurpose purpose) override;
  Result<BufferRef> allocate(std::size_t size_bytes, MemoryPurpose purpose);
  void release(const BufferRef& buffer) override;
  Result<void> write(const BufferRef& buffer, std::size_t offset_bytes,
                     std::span<const std::byte> bytes) override;
  Result<ReadTicket> begin_read(const BufferRef& buffer, std::size_t offset_bytes,
                                std::size_t size_bytes) override;
  bool is_read_done(ReadTicket) const override { return true; }
  Result<void> finish_read(ReadTicket ticket, std::span<std::byte> out) override;
  void abandon_read(ReadTicket ticket) override { reads_.erase(ticket.id); }
  int runs_in_flight_max() const override { return 1; }
  Result<std::unique_ptr<Program>> prepare(std::span<const Op> ops,
                                           std::span<const TensorRef> results) override;
  Result<void> run(const Program& program) override;
  // Errors: kInvalidArgument for an id or a position out of its range; kOutOfMemory if the budget
  // has no room for the op's working memory.
  Result<void> run(std::span<const Op> ops);
  MemoryUse memory_use() const override;

 private:
  struct Allocation {
    BufferRef buffer;
    MemoryPurpose purpose = MemoryPurpose::kWeights;
  };

  explicit CpuBackend(const CpuBackendOptions& options);
  std::size_t& counter(MemoryPurpose purpose);
  Scratch::Take take_activations();
  Scratch::GiveBack give_activations_back();
  Result<std::byte*> take_memory(std::size_t size_bytes, MemoryPurpose purpose);
  void give_memory_back(std::byte* memory, std::size_t size_bytes, MemoryPurpose purpose);

  struct Read {
    BufferRef buffer;
    std::size_t offset_bytes = 0;
  };

  MemoryUse use_;
  std::uint32_t next_id_ = 1;
  std::unordered_map<std::uint32_t, Allocation> allocations_;
  std::unordered_map<std::uint32_t, Read> reads_;
  ThreadPool pool_;
  Scratch scratch_;
  cpu::RotationTable rotations_;
};

}  // namespace tessera
