// Backend: where tensors live and ops run. Models record ops; a backend carries them out.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

#include "base/result.h"
#include "ops/op.h"
#include "tensor/tensor_ref.h"

namespace tessera {

// What memory is for; every purpose is counted on its own.
enum class MemoryPurpose : std::uint8_t { kWeights, kKvCache, kActivations };

struct MemoryUse {
  std::size_t weights_bytes = 0;
  std::size_t kv_cache_bytes = 0;
  std::size_t activations_bytes = 0;
  std::size_t budget_bytes = 0;  // of all three together

  std::size_t total_bytes() const { return weights_bytes + kv_cache_bytes + activations_bytes; }
};

class Backend {
 public:
  virtual ~Backend() = default;

  virtual std::string_view name() const = 0;

  // Zeroed memory, 64-byte aligned. Errors: kOutOfMemory if it would exceed the budget or the
  // system refuses; the message gives both numbers.
  virtual Result<BufferRef> allocate(std::size_t size_bytes, MemoryPurpose purpose) = 0;
  virtual void release(const BufferRef& buffer) = 0;

  // Copies into or out of a buffer. REQUIRES: offset_bytes + bytes.size() <= buffer.size_bytes.
  virtual Result<void> write(const BufferRef& buffer, std::size_t offset_bytes,
                             std::span<const std::byte> bytes) = 0;
  virtual Result<void> read(const BufferRef& buffer, std::size_t offset_bytes,
                            std::span<std::byte> bytes) = 0;

  // Runs ops in order. REQUIRES: every op is valid (ops are validated when a model is built).
  virtual Result<void> run(std::span<const Op> ops) = 0;

  virtual MemoryUse memory_use() const = 0;
};

}  // namespace tessera
