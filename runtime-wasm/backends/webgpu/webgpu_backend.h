// WebGpuBackend: tensors in a GPU's memory, ops as shaders. It touches no GPU itself: what is to be
// done goes into a command stream that the page executes (backends/webgpu/commands.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "backends/backend.h"
#include "backends/webgpu/arranged_blocks.h"
#include "backends/webgpu/command_stream.h"
#include "backends/webgpu/device_limits.h"
#include "backends/webgpu/recorder.h"
#include "backends/webgpu/slab.h"

namespace tessera {

struct WebGpuOptions {
  webgpu::DeviceLimits limits;
  bool uses_f16 = false;        // REQUIRES: limits.has_f16
  bool uses_subgroups = false;  // REQUIRES: limits.has_subgroups()
  // Rounds activations to 8 bits where quantized weights meet few tokens.
  bool uses_byte_products = false;  // REQUIRES: limits.has_byte_products
  std::size_t memory_budget_bytes = SIZE_MAX;
};

// A run of bytes in one GPU buffer.
struct DeviceRange {
  std::uint32_t buffer = 0;
  std::size_t offset_bytes = 0;
  std::size_t size_bytes = 0;
};

class WebGpuBackend final : public Backend {
 public:
  // Errors: kInvalidArgument for options that contradict each other.
  static Result<std::unique_ptr<WebGpuBackend>> create(const WebGpuOptions& options);

  std::string_view name() const override { return "webgpu"; }

  Result<BufferRef> allocate(DataType type, const Shape& shape, MemoryPurpose purpose) override;
  void release(const BufferRef& buffer) override;
  Result<void> write(const BufferRef& buffer, std::size_t offset_bytes,
                     std::span<const std::byte> bytes) override;
  Result<ReadTicket> begin_read(const BufferRef& buffer, std::size_t offset_bytes,
                                std::size_t size_bytes) override;
  bool is_read_done(ReadTicket ticket) const override;
  Result<void> finish_read(ReadTicket ticket, std::span<std::byte> out) override;
  void abandon_read(ReadTicket ticket) override { reads_.erase(ticket.id); }
  int runs_in_flight_max() const override { return kRunsInFlightMax; }
  std::int64_t chunk_tokens_max(std::size_t bytes_per_token) const override;
  Result<std::unique_ptr<Program>> prepare(std::span<const Op> ops,
                                           std::span<const TensorRef> results) override;
  Result<void> run(const Program& program) override;
  MemoryUse memory_use() const override { return use_; }

  // What the page has to execute, in order; valid until the next call of any method.
  std::span<const std::uint32_t> take_commands();

  // The bytes that a read has brought. Of a ticket that was abandoned they are ignored.
  // Errors: kInvalidArgument if they are not as many as were asked for.
  Result<void> deliver(ReadTicket ticket, std::span<const std::byte> bytes);

  // Whether bytes must pass through `write` on their way to the device.
  bool is_arranged(const BufferRef& buffer) const;

  // The buffer of that id. Errors: kNotFound.
  Result<BufferRef> find(std::uint32_t id) const;

  // Where bytes of a buffer lie on the device, in order. REQUIRES: as write, and not arranged.
  std::vector<DeviceRange> locate(const BufferRef& buffer, std::size_t offset_bytes,
                                  std::size_t size_bytes) const;

 private:
  // The next token runs while the last one is on its way back.
  static constexpr int kRunsInFlightMax = 3;

  // A piece of an allocation: a buffer of its own, or a range of a slab.
  struct Piece {
    std::uint32_t buffer = 0;
    std::size_t offset_bytes = 0;
    std::size_t size_bytes = 0;
  };
  enum class Home : std::uint8_t { kActivations, kVectors, kOwnBuffers };
  struct Allocation {
    std::size_t size_bytes = 0;  // on the device
    std::size_t file_bytes = 0;
    MemoryPurpose purpose = MemoryPurpose::kWeights;
    Home home = Home::kOwnBuffers;
    std::vector<Piece> pieces;  // in order
    std::optional<webgpu::BlockArranger> arranger;
  };
  struct Read {
    std::size_t size_bytes = 0;
    std::optional<std::vector<std::byte>> bytes;  // once they are there
  };
  class ListRecorder;
  class ListProgram;

  explicit WebGpuBackend(const WebGpuOptions& options);

  std::size_t& counter(MemoryPurpose purpose);
  Result<void> check_budget(std::size_t size_bytes) const;
  // Bytes that one buffer, bound as a whole, may have.
  std::size_t whole_buffer_bytes_max() const;
  Result<Allocation> place_in_slab(std::size_t size_bytes, Home home);
  Result<Allocation> place_matrix(DataType type, const Shape& shape);
  Piece create_piece(std::size_t size_bytes);
  static std::vector<DeviceRange> locate_pieces(const Allocation& allocation,
                                                std::size_t offset_bytes, std::size_t size_bytes);
  void commit_slabs();
  void write_pieces(const Allocation& allocation, std::size_t offset_bytes,
                    std::span<const std::byte> bytes);
  const Allocation& allocation_of(const TensorRef& tensor) const;

  Result<std::uint32_t> scratch_offset(std::size_t words);
  Result<Piece> table_of(const std::vector<std::uint32_t>& words);
  Result<std::uint32_t> pipeline_for(const webgpu::Kernel& kernel);
  Result<std::unique_ptr<Program>> define_list(std::span<const webgpu::Dispatch> dispatches);

  WebGpuOptions options_;
  MemoryUse use_;
  webgpu::CommandStream commands_;
  std::uint32_t next_id_ = 1;
  webgpu::Slab activations_;
  webgpu::Slab vectors_;
  std::unordered_map<std::uint32_t, Allocation> allocations_;
  std::unordered_map<std::uint32_t, Read> reads_;
  std::unordered_map<std::string, std::uint32_t> pipelines_;
  std::optional<Piece> scratch_;  // in activations_
  std::map<std::vector<std::uint32_t>, Piece> tables_;
};

}  // namespace tessera
