// RecordingBackend: the WebGPU backend's recorders over memory of the host. Nothing runs: what was
// recorded is written out as JSON, for something that has a GPU to run.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "backends/backend.h"
#include "backends/webgpu/arranged_blocks.h"
#include "backends/webgpu/recorder.h"

namespace tessera::testing {

struct RecordingOptions {
  webgpu::DeviceLimits limits;
  bool uses_f16 = false;
  bool uses_subgroups = false;
  bool uses_byte_products = false;
  bool fuses = true;
};

// Bytes of a tensor on the GPU.
struct Location {
  std::uint32_t buffer = 0;
  std::size_t offset_bytes = 0;
};

class RecordingBackend final : public Backend, public webgpu::Recorder {
 public:
  explicit RecordingBackend(const RecordingOptions& options);

  std::string_view name() const override { return "recording"; }
  Result<BufferRef> allocate(DataType type, const Shape& shape, MemoryPurpose purpose) override;
  void release(const BufferRef& buffer) override;
  Result<void> write(const BufferRef& buffer, std::size_t offset_bytes,
                     std::span<const std::byte> bytes) override;
  Result<ReadTicket> begin_read(const BufferRef&, std::size_t, std::size_t) override;
  bool is_read_done(ReadTicket) const override { return false; }
  Result<void> finish_read(ReadTicket, std::span<std::byte>) override;
  void abandon_read(ReadTicket) override {}
  int runs_in_flight_max() const override { return 1; }
  // Records; there is nothing to run.
  Result<std::unique_ptr<Program>> prepare(std::span<const Op> ops,
                                           std::span<const TensorRef> results) override;
  Result<void> run(const Program&) override { return {}; }
  MemoryUse memory_use() const override { return {}; }

  const webgpu::DeviceLimits& limits() const override { return options_.limits; }
  bool uses_f16() const override { return options_.uses_f16; }
  bool uses_subgroups() const override { return options_.uses_subgroups; }
  bool uses_byte_products() const override { return options_.uses_byte_products; }
  webgpu::Binding activations() const override { return whole(kActivations); }
  webgpu::Binding vectors() const override { return whole(kVectors); }
  std::uint32_t activation_offset(const TensorRef& tensor) const override;
  std::uint32_t vector_offset(const TensorRef& tensor) const override;
  std::vector<webgpu::MatrixPart> matrix_parts(const TensorRef& matrix) const override;
  webgpu::Binding cache(const TensorRef& cache) const override;
  Result<webgpu::Binding> table(const std::vector<std::uint32_t>& words) override;
  Result<std::uint32_t> scratch(std::size_t words) override;
  void dispatch(webgpu::Dispatch dispatch) override { dispatches_.push_back(std::move(dispatch)); }

  const std::vector<webgpu::Dispatch>& dispatches() const { return dispatches_; }
  // REQUIRES: the tensor is not a matrix that is cut into parts.
  Location locate(const TensorRef& tensor) const;
  // The contents of every GPU buffer before anything runs.
  const std::map<std::uint32_t, std::vector<std::byte>>& gpu_buffers() const { return buffers_; }

 private:
  static constexpr std::uint32_t kActivations = 1;
  static constexpr std::uint32_t kVectors = 2;

  // Where an allocation's bytes are: one place, or a cut matrix's parts.
  struct Allocation {
    std::uint32_t buffer = 0;
    std::size_t offset_bytes = 0;
    std::vector<webgpu::MatrixPart> parts;
    std::vector<std::size_t> part_sizes_bytes;  // of those, without what is rounded up
    std::optional<webgpu::BlockArranger> arranger;
  };

  webgpu::Binding whole(std::uint32_t buffer) const;
  const Allocation& allocation_of(const TensorRef& tensor) const;
  Allocation place_in(std::uint32_t buffer, std::size_t size_bytes);
  Allocation cut(DataType type, const Shape& shape);

  RecordingOptions options_;
  std::map<std::uint32_t, std::vector<std::byte>> buffers_;
  std::map<std::uint32_t, Allocation> allocations_;
  std::uint32_t next_buffer_ = 3;
  std::uint32_t next_allocation_ = 1;
  std::size_t scratch_words_ = 0;
  std::map<std::vector<std::uint32_t>, std::uint32_t> tables_;
  std::vector<webgpu::Dispatch> dispatches_;
};

}  // namespace tessera::testing
