#include "gpu/recording_backend.h"

#include <algorithm>
#include <variant>

#include "tensor/panel.h"

namespace tessera::testing {
namespace {

constexpr std::size_t kTensorAlignment = 16;

std::size_t rounded_up(std::size_t size, std::size_t alignment) {
  return (size + alignment - 1) / alignment * alignment;
}

}  // namespace

RecordingBackend::RecordingBackend(const RecordingOptions& options) : options_(options) {
  buffers_[kActivations].resize(256);
  buffers_[kVectors].resize(256);
}

RecordingBackend::Allocation RecordingBackend::place_in(std::uint32_t buffer,
                                                        std::size_t size_bytes) {
  std::vector<std::byte>& bytes = buffers_[buffer];
  const std::size_t offset = bytes.size();
  bytes.resize(offset + rounded_up(size_bytes, kTensorAlignment));
  Allocation allocation;
  allocation.buffer = buffer;
  allocation.offset_bytes = offset;
  return allocation;
}

// The parts of a matrix, as many rows in each as a binding may hold.
RecordingBackend::Allocation RecordingBackend::cut(DataType type, const Shape& shape) {
  const std::int64_t panels = panel_count(shape[0]);
  const std::size_t panel_bytes = webgpu::device_size_bytes(type, Shape{kPanelRows, shape[1]});
  const auto panels_max =
      static_cast<std::int64_t>(options_.limits.binding_bytes_max / panel_bytes);
  TESSERA_CHECK(panels_max > 0);
  Allocation allocation;
  if (webgpu::is_arranged(type)) allocation.arranger.emplace(type);
  for (std::int64_t panel = 0; panel < panels; panel += panels_max) {
    const std::int64_t count = std::min(panels_max, panels - panel);
    const std::int64_t rows = std::min(count * kPanelRows, shape[0] - panel * kPanelRows);
    std::size_t size = panel_bytes * static_cast<std::size_t>(count);
    if (!is_quantized(type))
      size = size / static_cast<std::size_t>(count * kPanelRows) * static_cast<std::size_t>(rows);
    const std::size_t bound = rounded_up(size, kTensorAlignment);  // a shader sees whole vec4s
    buffers_[next_buffer_].resize(bound);
    allocation.part_sizes_bytes.push_back(size);
    allocation.parts.push_back(
        {{next_buffer_++, 0, static_cast<std::uint32_t>(bound)}, panel * kPanelRows, rows});
  }
  allocation.buffer = allocation.parts[0].binding.buffer;
  return allocation;
}

Result<BufferRef> RecordingBackend::allocate(DataType type, const Shape& shape,
                                             MemoryPurpose purpose) {
  TESSERA_TRY(const std::size_t size, tensor_size_bytes(type, shape));
  const std::uint32_t id = next_allocation_++;
  if (purpose == MemoryPurpose::kActivations) {
    allocations_[id] = place_in(kActivations, size);
  } else if (purpose == MemoryPurpose::kWeights && shape.rank() == 1) {
    allocations_[id] = place_in(kVectors, size);
  } else if (purpose == MemoryPurpose::kWeights) {
    allocations_[id] = cut(type, shape);
  } else {
    allocations_[id] = place_in(next_buffer_++, size);
  }
  return BufferRef{id, rounded_up(size, 4), nullptr};
}

void RecordingBackend::release(const BufferRef& buffer) {
  allocations_.erase(buffer.id);
}

Result<void> RecordingBackend::write(const BufferRef& buffer, std::size_t offset_bytes,
                                     std::span<const std::byte> bytes) {
  Allocation& allocation = allocations_.at(buffer.id);
  if (allocation.parts.empty()) {
    std::ranges::copy(bytes,
                      buffers_[allocation.buffer].begin() +
                          static_cast<std::ptrdiff_t>(allocation.offset_bytes + offset_bytes));
    return {};
  }
  TESSERA_CHECK(offset_bytes == 0);
  webgpu::BlockArranger::Run arranged;
  if (allocation.arranger) {
    arranged = allocation.arranger->take(0, bytes);
    bytes = arranged.bytes;
  }
  for (std::size_t i = 0; i < allocation.parts.size(); ++i) {
    const std::size_t count = std::min(bytes.size(), allocation.part_sizes_bytes[i]);
    std::ranges::copy(bytes.first(count), buffers_[allocation.parts[i].binding.buffer].begin());
    bytes = bytes.subspan(count);
  }
  return {};
}

Result<ReadTicket> RecordingBackend::begin_read(const BufferRef&, std::size_t, std::size_t) {
  return Error{ErrorCode::kUnsupported, "a recording has nothing to read"};
}

Result<void> RecordingBackend::finish_read(ReadTicket, std::span<std::byte>) {
  return Error{ErrorCode::kUnsupported, "a recording has nothing to read"};
}

Result<std::unique_ptr<Program>> RecordingBackend::prepare(std::span<const Op> ops,
                                                           std::span<const TensorRef> results) {
  for (const Op& op : ops) TESSERA_TRY_VOID(validate(op));
  if (options_.fuses) {
    TESSERA_TRY_VOID(webgpu::record_fused(ops, results, *this));
  } else {
    for (const Op& op : ops) {
      TESSERA_TRY_VOID(std::visit([&](const auto& one) { return webgpu::record(one, *this); }, op));
    }
  }
  // A size settled only now: bindings follow it.
  buffers_[kActivations].resize(buffers_[kActivations].size() + scratch_words_ * 4);
  for (webgpu::Dispatch& dispatch : dispatches_) {
    for (webgpu::Binding& binding : dispatch.bindings) {
      if (binding.buffer == kActivations) binding = whole(kActivations);
    }
  }
  return std::make_unique<Program>();
}

webgpu::Binding RecordingBackend::whole(std::uint32_t buffer) const {
  return {buffer, 0, static_cast<std::uint32_t>(buffers_.at(buffer).size())};
}

const RecordingBackend::Allocation& RecordingBackend::allocation_of(const TensorRef& tensor) const {
  return allocations_.at(tensor.buffer.id);
}

Location RecordingBackend::locate(const TensorRef& tensor) const {
  const Allocation& allocation = allocation_of(tensor);
  return {allocation.buffer, allocation.offset_bytes + tensor.offset_bytes};
}

std::uint32_t RecordingBackend::activation_offset(const TensorRef& tensor) const {
  const Location location = locate(tensor);
  TESSERA_CHECK(location.buffer == kActivations);
  return static_cast<std::uint32_t>(location.offset_bytes / 4);
}

std::uint32_t RecordingBackend::vector_offset(const TensorRef& tensor) const {
  const Location location = locate(tensor);
  TESSERA_CHECK(location.buffer == kVectors);
  return static_cast<std::uint32_t>(location.offset_bytes / 4);
}

std::vector<webgpu::MatrixPart> RecordingBackend::matrix_parts(const TensorRef& matrix) const {
  return allocation_of(matrix).parts;
}

webgpu::Binding RecordingBackend::cache(const TensorRef& cache) const {
  return whole(allocation_of(cache).buffer);
}

Result<webgpu::Binding> RecordingBackend::table(const std::vector<std::uint32_t>& words) {
  const auto [found, is_new] = tables_.try_emplace(words, next_buffer_);
  if (is_new) {
    const auto bytes = std::as_bytes(std::span(words));
    buffers_[next_buffer_++].assign(bytes.begin(), bytes.end());
  }
  return whole(found->second);
}

Result<std::uint32_t> RecordingBackend::scratch(std::size_t words) {
  scratch_words_ = std::max(scratch_words_, words);
  return static_cast<std::uint32_t>(buffers_.at(kActivations).size() / 4);
}

}  // namespace tessera::testing
