#include "backends/webgpu/webgpu_backend.h"

#include <algorithm>
#include <cstring>
#include <string>
#include <utility>

#include "tensor/panel.h"

namespace tessera {

using webgpu::Opcode;

namespace {

// A shader sees a buffer in units of 16 bytes.
constexpr std::size_t round_up(std::size_t size_bytes) {
  constexpr std::size_t kUnitBytes = 16;
  return std::max(kUnitBytes, (size_bytes + kUnitBytes - 1) / kUnitBytes * kUnitBytes);
}

}  // namespace

Result<std::unique_ptr<WebGpuBackend>> WebGpuBackend::create(const WebGpuOptions& options) {
  const webgpu::DeviceLimits& limits = options.limits;
  if (options.uses_f16 && !limits.has_f16) {
    return Error{ErrorCode::kInvalidArgument, "this device has no shader-f16; leave f16 out"};
  }
  if (options.uses_subgroups && !limits.has_subgroups()) {
    return Error{ErrorCode::kInvalidArgument, "this device has no subgroups; leave them out"};
  }
  if (options.uses_byte_products && !limits.has_byte_products) {
    return Error{ErrorCode::kInvalidArgument,
                 "this device has no products of packed bytes; leave them out"};
  }
  return std::unique_ptr<WebGpuBackend>(new WebGpuBackend(options));
}

WebGpuBackend::WebGpuBackend(const WebGpuOptions& options)
    : options_(options), activations_(next_id_++), vectors_(next_id_++) {
  use_.budget_bytes = options.memory_budget_bytes;
}

std::size_t& WebGpuBackend::counter(MemoryPurpose purpose) {
  switch (purpose) {
    case MemoryPurpose::kWeights: return use_.weights_bytes;
    case MemoryPurpose::kKvCache: return use_.kv_cache_bytes;
    case MemoryPurpose::kActivations: break;
  }
  return use_.activations_bytes;
}

Result<void> WebGpuBackend::check_budget(std::size_t size_bytes) const {
  const bool has_size = size_bytes < SIZE_MAX;
  if (has_size && size_bytes <= use_.budget_bytes - use_.total_bytes()) return {};
  return Error{ErrorCode::kOutOfMemory,
               "the memory budget is exhausted: " + std::to_string(size_bytes) +
                   " bytes are needed, " + std::to_string(use_.total_bytes()) + " of " +
                   std::to_string(use_.budget_bytes) +
                   " are taken; use a smaller context or model, or raise the budget"};
}

std::size_t WebGpuBackend::whole_buffer_bytes_max() const {
  constexpr std::size_t kOffsetMax = UINT32_MAX / 2;  // operands of commands have 32 bits
  return std::min(
      {options_.limits.buffer_bytes_max, options_.limits.binding_bytes_max, kOffsetMax});
}

// A large GPU needs hundreds of tokens to be busy. Activations share one binding with what
// attention hands on, and the budget with weights and caches.
std::int64_t WebGpuBackend::chunk_tokens_max(std::size_t bytes_per_token) const {
  constexpr std::int64_t kTokensMax = 512;
  const std::size_t most = std::min(whole_buffer_bytes_max() / 2, use_.budget_bytes / 8);
  std::int64_t tokens = kTokensMax;
  while (tokens > kChunkTokens && static_cast<std::size_t>(tokens) > most / bytes_per_token) {
    tokens /= 2;
  }
  return tokens;
}

Result<BufferRef> WebGpuBackend::allocate(DataType type, const Shape& shape,
                                          MemoryPurpose purpose) {
  TESSERA_TRY(const std::size_t file_bytes, tensor_size_bytes(type, shape));
  const std::size_t size_bytes = webgpu::device_size_bytes(type, shape);
  TESSERA_TRY_VOID(check_budget(size_bytes));
  Allocation allocation;
  if (purpose == MemoryPurpose::kActivations) {
    TESSERA_TRY(allocation, place_in_slab(size_bytes, Home::kActivations));
  } else if (purpose == MemoryPurpose::kKvCache) {
    if (size_bytes > whole_buffer_bytes_max()) {
      return Error{ErrorCode::kOutOfMemory,
                   "a layer's keys would take " + std::to_string(size_bytes) +
                       " bytes, this device binds at most " +
                       std::to_string(whole_buffer_bytes_max()) + "; use a smaller context"};
    }
    allocation.pieces = {create_piece(size_bytes)};
  } else if (shape.rank() == 1 && type == DataType::kF32) {
    TESSERA_TRY(allocation, place_in_slab(size_bytes, Home::kVectors));
  } else {
    TESSERA_TRY(allocation, place_matrix(type, shape));
  }
  allocation.size_bytes = size_bytes;
  allocation.file_bytes = file_bytes;
  allocation.purpose = purpose;
  if (webgpu::is_arranged(type)) allocation.arranger.emplace(type);
  counter(purpose) += size_bytes;
  const BufferRef buffer{next_id_++, file_bytes, nullptr};
  allocations_.emplace(buffer.id, std::move(allocation));
  return buffer;
}

Result<WebGpuBackend::Allocation> WebGpuBackend::place_in_slab(std::size_t size_bytes, Home home) {
  webgpu::Slab& slab = home == Home::kActivations ? activations_ : vectors_;
  const std::size_t limit = whole_buffer_bytes_max();
  if (size_bytes > limit || slab.size_bytes() > limit - size_bytes) {
    return Error{ErrorCode::kOutOfMemory, "this device binds at most " + std::to_string(limit) +
                                              " bytes, " + std::to_string(slab.size_bytes()) +
                                              " are taken and " + std::to_string(size_bytes) +
                                              " more are needed; use smaller chunks"};
  }
  Allocation allocation;
  allocation.home = home;
  allocation.pieces = {{slab.buffer(), slab.take(size_bytes), size_bytes}};
  return allocation;
}

// Cut between panels where one buffer would be too large.
Result<WebGpuBackend::Allocation> WebGpuBackend::place_matrix(DataType type, const Shape& shape) {
  const std::size_t size_bytes = webgpu::device_size_bytes(type, shape);
  const std::size_t limit = whole_buffer_bytes_max();
  Allocation allocation;
  if (size_bytes <= limit) {
    allocation.pieces = {create_piece(size_bytes)};
    return allocation;
  }
  const std::size_t panel =
      shape.rank() == 2 ? webgpu::device_size_bytes(type, Shape{kPanelRows, shape[1]}) : size_bytes;
  if (panel > limit) {
    return Error{ErrorCode::kUnsupported,
                 "a row of weights takes " + std::to_string(panel / kPanelRows) +
                     " bytes, too many for this device, which binds " + std::to_string(limit)};
  }
  const std::size_t part = limit / panel * panel;
  for (std::size_t offset = 0; offset < size_bytes; offset += part) {
    allocation.pieces.push_back(create_piece(std::min(part, size_bytes - offset)));
  }
  return allocation;
}

WebGpuBackend::Piece WebGpuBackend::create_piece(std::size_t size_bytes) {
  const Piece piece{next_id_++, 0, size_bytes};
  commands_.append(Opcode::kCreateBuffer,
                   {piece.buffer, static_cast<std::uint32_t>(round_up(size_bytes)),
                    static_cast<std::uint32_t>(webgpu::BufferUsage::kStorage)});
  return piece;
}

void WebGpuBackend::release(const BufferRef& buffer) {
  const auto found = allocations_.find(buffer.id);
  TESSERA_CHECK(found != allocations_.end());
  const Allocation& allocation = found->second;
  for (const Piece& piece : allocation.pieces) {
    switch (allocation.home) {
      case Home::kActivations: activations_.give_back(piece.offset_bytes, piece.size_bytes); break;
      case Home::kVectors: vectors_.give_back(piece.offset_bytes, piece.size_bytes); break;
      case Home::kOwnBuffers: commands_.append(Opcode::kDestroyBuffer, {piece.buffer}); break;
    }
  }
  counter(allocation.purpose) -= allocation.size_bytes;
  allocations_.erase(found);
}

void WebGpuBackend::commit_slabs() {
  activations_.commit(commands_);
  vectors_.commit(commands_);
}

bool WebGpuBackend::is_arranged(const BufferRef& buffer) const {
  return allocations_.at(buffer.id).arranger.has_value();
}

Result<BufferRef> WebGpuBackend::find(std::uint32_t id) const {
  const auto found = allocations_.find(id);
  if (found != allocations_.end()) return BufferRef{id, found->second.file_bytes, nullptr};
  return Error{ErrorCode::kNotFound, "there is no such buffer"};
}

std::vector<DeviceRange> WebGpuBackend::locate(const BufferRef& buffer, std::size_t offset_bytes,
                                               std::size_t size_bytes) const {
  TESSERA_CHECK(!is_arranged(buffer));
  return locate_pieces(allocations_.at(buffer.id), offset_bytes, size_bytes);
}

std::vector<DeviceRange> WebGpuBackend::locate_pieces(const Allocation& allocation,
                                                      std::size_t offset_bytes,
                                                      std::size_t size_bytes) {
  TESSERA_CHECK(offset_bytes <= allocation.size_bytes);
  TESSERA_CHECK(size_bytes <= allocation.size_bytes - offset_bytes);
  std::vector<DeviceRange> ranges;
  std::size_t begin = 0;  // of the piece, in the allocation
  for (const Piece& piece : allocation.pieces) {
    const std::size_t first = std::max(offset_bytes, begin);
    const std::size_t last = std::min(offset_bytes + size_bytes, begin + piece.size_bytes);
    if (first < last) {
      ranges.push_back({piece.buffer, piece.offset_bytes + first - begin, last - first});
    }
    begin += piece.size_bytes;
  }
  return ranges;
}

Result<void> WebGpuBackend::write(const BufferRef& buffer, std::size_t offset_bytes,
                                  std::span<const std::byte> bytes) {
  commit_slabs();
  TESSERA_CHECK(offset_bytes <= buffer.size_bytes);
  TESSERA_CHECK(bytes.size() <= buffer.size_bytes - offset_bytes);
  Allocation& allocation = allocations_.at(buffer.id);
  if (!allocation.arranger) {
    write_pieces(allocation, offset_bytes, bytes);
    return {};
  }
  const webgpu::BlockArranger::Run run = allocation.arranger->take(offset_bytes, bytes);
  write_pieces(allocation, run.offset_bytes, run.bytes);
  return {};
}

void WebGpuBackend::write_pieces(const Allocation& allocation, std::size_t offset_bytes,
                                 std::span<const std::byte> bytes) {
  std::size_t done = 0;
  for (const DeviceRange& range : locate_pieces(allocation, offset_bytes, bytes.size())) {
    commands_.append(Opcode::kWriteBuffer,
                     {range.buffer, static_cast<std::uint32_t>(range.offset_bytes),
                      static_cast<std::uint32_t>((range.size_bytes + 3) / 4 * 4)},
                     bytes.subspan(done, range.size_bytes));
    done += range.size_bytes;
  }
}

// Reads serve activations, which lie in one piece.
Result<ReadTicket> WebGpuBackend::begin_read(const BufferRef& buffer, std::size_t offset_bytes,
                                             std::size_t size_bytes) {
  commit_slabs();
  const std::vector<DeviceRange> ranges = locate(buffer, offset_bytes, size_bytes);
  if (ranges.size() != 1) {
    return Error{ErrorCode::kUnsupported, "what is read must lie in one buffer of the device"};
  }
  const ReadTicket ticket{next_id_++};
  reads_.emplace(ticket.id, Read{size_bytes, {}});
  commands_.append(Opcode::kReadBuffer,
                   {ticket.id, ranges[0].buffer, static_cast<std::uint32_t>(ranges[0].offset_bytes),
                    static_cast<std::uint32_t>(size_bytes)});
  return ticket;
}

bool WebGpuBackend::is_read_done(ReadTicket ticket) const {
  return reads_.at(ticket.id).bytes.has_value();
}

Result<void> WebGpuBackend::finish_read(ReadTicket ticket, std::span<std::byte> out) {
  const auto found = reads_.find(ticket.id);
  TESSERA_CHECK(found != reads_.end() && found->second.bytes);
  TESSERA_CHECK(out.size() == found->second.size_bytes);
  std::ranges::copy(*found->second.bytes, out.begin());
  reads_.erase(found);
  return {};
}

Result<void> WebGpuBackend::deliver(ReadTicket ticket, std::span<const std::byte> bytes) {
  const auto found = reads_.find(ticket.id);
  if (found == reads_.end()) return {};
  if (bytes.size() != found->second.size_bytes) {
    return Error{ErrorCode::kInvalidArgument, "read " + std::to_string(ticket.id) + " asked for " +
                                                  std::to_string(found->second.size_bytes) +
                                                  " bytes, not " + std::to_string(bytes.size())};
  }
  found->second.bytes.emplace(bytes.begin(), bytes.end());
  return {};
}

std::span<const std::uint32_t> WebGpuBackend::take_commands() {
  return commands_.take();
}

const WebGpuBackend::Allocation& WebGpuBackend::allocation_of(const TensorRef& tensor) const {
  return allocations_.at(tensor.buffer.id);
}

}  // namespace tessera
