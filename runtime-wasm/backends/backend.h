// Backend: where tensors live and ops run. Models record ops; a backend carries them out.
//
// A backend may work later than it is asked to (a GPU): what it is told is done in order, and a
// read says when its bytes are there.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
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

// Ops that a backend has prepared to run, perhaps many times. It must not outlive the backend, nor
// run after a tensor of its ops was released.
class Program {
 public:
  Program() = default;
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;
  virtual ~Program() = default;
};

// Names bytes that are on their way from a backend's memory.
struct ReadTicket {
  std::uint32_t id = 0;
};

// Tokens of a prompt in one run, where a device does not ask for more.
inline constexpr std::int64_t kChunkTokens = 128;

class Backend {
 public:
  virtual ~Backend() = default;

  virtual std::string_view name() const = 0;

  // Memory of tensor_size_bytes(type, shape) for a tensor at its beginning: zeroed, except that
  // activations may hold anything. What host memory there is, is 64-byte aligned. Errors:
  // kOutOfMemory if it would exceed the budget or the system refuses, and the message gives both
  // numbers; kUnsupported if no such tensor fits the device's limits.
  virtual Result<BufferRef> allocate(DataType type, const Shape& shape, MemoryPurpose purpose) = 0;
  virtual void release(const BufferRef& buffer) = 0;

  // Copies into a buffer. REQUIRES: offset_bytes + bytes.size() <= buffer.size_bytes, both
  // multiples of 4.
  virtual Result<void> write(const BufferRef& buffer, std::size_t offset_bytes,
                             std::span<const std::byte> bytes) = 0;

  // Asks for bytes as they are once everything asked for before is done. Every ticket is finished
  // or abandoned. REQUIRES: as write.
  virtual Result<ReadTicket> begin_read(const BufferRef& buffer, std::size_t offset_bytes,
                                        std::size_t size_bytes) = 0;
  virtual bool is_read_done(ReadTicket ticket) const = 0;
  // REQUIRES: is_read_done(ticket), out.size() == the size asked for.
  virtual Result<void> finish_read(ReadTicket ticket, std::span<std::byte> out) = 0;
  virtual void abandon_read(ReadTicket ticket) = 0;

  // How many runs may be asked for before the first one's results are read, so that the device
  // never waits for the host; 1 where running is done when `run` returns.
  virtual int runs_in_flight_max() const = 0;

  // How many tokens of a prompt one run should take at most, if each needs that many bytes of
  // activations: as many as make the device's best use of its memory.
  virtual std::int64_t chunk_tokens_max(std::size_t /*bytes_per_token*/) const {
    return kChunkTokens;
  }

  // Prepares ops to be run in order. Activations that the ops write but `results` does not name are
  // for the ops themselves: afterwards they hold anything. REQUIRES: every op is valid.
  virtual Result<std::unique_ptr<Program>> prepare(std::span<const Op> ops,
                                                   std::span<const TensorRef> results) = 0;
  virtual Result<void> run(const Program& program) = 0;

  virtual MemoryUse memory_use() const = 0;
};

// Reads at once. Errors: kUnsupported where the backend delivers bytes later.
inline Result<void> read_now(Backend& backend, const BufferRef& buffer, std::size_t offset_bytes,
                             std::span<std::byte> out) {
  TESSERA_TRY(const ReadTicket ticket, backend.begin_read(buffer, offset_bytes, out.size()));
  if (backend.is_read_done(ticket)) return backend.finish_read(ticket, out);
  backend.abandon_read(ticket);
  return Error{ErrorCode::kUnsupported,
               "the backend " + std::string(backend.name()) + " delivers what is read later"};
}

}  // namespace tessera
