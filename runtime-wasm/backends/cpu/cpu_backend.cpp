#include "backends/cpu/cpu_backend.h"

#include <cstdlib>
#include <cstring>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "backends/cpu/joined_matmuls.h"
#include "base/check.h"

namespace tessera {
namespace {

constexpr std::size_t kAlignmentBytes = 64;

constexpr std::size_t round_up(std::size_t size_bytes) {
  return (size_bytes + kAlignmentBytes - 1) / kAlignmentBytes * kAlignmentBytes;
}

Error out_of_memory(std::size_t size_bytes, const MemoryUse& use, const char* reason) {
  return Error{ErrorCode::kOutOfMemory,
               std::string(reason) + ": " + std::to_string(size_bytes) + " bytes are needed, " +
                   std::to_string(use.total_bytes()) + " of " + std::to_string(use.budget_bytes) +
                   " are taken; use a smaller context or model, or raise the budget"};
}

bool processor_has_instructions() {
#if defined(__AVX2__)
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
         __builtin_cpu_supports("f16c");
#else
  return true;
#endif
}

}  // namespace

Result<std::unique_ptr<CpuBackend>> CpuBackend::create(const CpuBackendOptions& options) {
  if (options.threads < 1 || options.threads > kThreadsMax) {
    return Error{ErrorCode::kInvalidArgument, "threads must be 1 to " +
                                                  std::to_string(kThreadsMax) + ", not " +
                                                  std::to_string(options.threads)};
  }
  if (!processor_has_instructions()) {
    return Error{ErrorCode::kUnsupported,
                 "this build needs a processor with AVX2, FMA and F16C; build with "
                 "-DTESSERA_X86_LEVEL=x86-64"};
  }
  return std::unique_ptr<CpuBackend>(new CpuBackend(options));
}

CpuBackend::CpuBackend(const CpuBackendOptions& options)
    : pool_(options.threads),
      scratch_(take_activations(), give_activations_back()),
      rotations_(take_activations(), give_activations_back()) {
  use_.budget_bytes = options.memory_budget_bytes;
}

Scratch::Take CpuBackend::take_activations() {
  return [this](std::size_t size) { return take_memory(size, MemoryPurpose::kActivations); };
}

Scratch::GiveBack CpuBackend::give_activations_back() {
  return [this](std::byte* memory, std::size_t size) {
    give_memory_back(memory, size, MemoryPurpose::kActivations);
  };
}

CpuBackend::~CpuBackend() {
  for (const auto& [id, allocation] : allocations_) std::free(allocation.buffer.host);
}

std::size_t& CpuBackend::counter(MemoryPurpose purpose) {
  switch (purpose) {
    case MemoryPurpose::kWeights: return use_.weights_bytes;
    case MemoryPurpose::kKvCache: return use_.kv_cache_bytes;
    case MemoryPurpose::kActivations: break;
  }
  return use_.activations_bytes;
}

Result<std::byte*> CpuBackend::take_memory(std::size_t size_bytes, MemoryPurpose purpose) {
  const std::size_t available = use_.budget_bytes - use_.total_bytes();
  if (size_bytes > available || size_bytes > SIZE_MAX - kAlignmentBytes) {
    return out_of_memory(size_bytes, use_, "the memory budget is exhausted");
  }
  auto* memory = static_cast<std::byte*>(
      std::aligned_alloc(kAlignmentBytes, round_up(size_bytes == 0 ? 1 : size_bytes)));
  if (memory == nullptr) return out_of_memory(size_bytes, use_, "the system has no memory left");
  std::memset(memory, 0, size_bytes);
  counter(purpose) += size_bytes;
  return memory;
}

void CpuBackend::give_memory_back(std::byte* memory, std::size_t size_bytes,
                                  MemoryPurpose purpose) {
  std::free(memory);
  counter(purpose) -= size_bytes;
}

Result<BufferRef> CpuBackend::allocate(DataType type, const Shape& shape, MemoryPurpose purpose) {
  TESSERA_TRY(const std::size_t size_bytes, tensor_size_bytes(type, shape));
  return allocate(size_bytes, purpose);
}

Result<BufferRef> CpuBackend::allocate(std::size_t size_bytes, MemoryPurpose purpose) {
  TESSERA_TRY(std::byte * memory, take_memory(size_bytes, purpose));
  const BufferRef buffer{next_id_++, size_bytes, memory};
  allocations_.emplace(buffer.id, Allocation{buffer, purpose});
  return buffer;
}

void CpuBackend::release(const BufferRef& buffer) {
  const auto found = allocations_.find(buffer.id);
  TESSERA_CHECK(found != allocations_.end());
  const Allocation& allocation = found->second;
  give_memory_back(allocation.buffer.host, allocation.buffer.size_bytes, allocation.purpose);
  allocations_.erase(found);
}

Result<void> CpuBackend::write(const BufferRef& buffer, std::size_t offset_bytes,
                               std::span<const std::byte> bytes) {
  TESSERA_CHECK(offset_bytes <= buffer.size_bytes);
  TESSERA_CHECK(bytes.size() <= buffer.size_bytes - offset_bytes);
  if (!bytes.empty()) std::memcpy(buffer.host + offset_bytes, bytes.data(), bytes.size());
  return {};
}

// Everything asked for before is done already, but what comes later may overwrite the bytes: they
// are copied when the ticket is finished, which callers do before they ask for more.
Result<ReadTicket> CpuBackend::begin_read(const BufferRef& buffer, std::size_t offset_bytes,
                                          std::size_t size_bytes) {
  TESSERA_CHECK(offset_bytes <= buffer.size_bytes);
  TESSERA_CHECK(size_bytes <= buffer.size_bytes - offset_bytes);
  const ReadTicket ticket{next_id_++};
  reads_.emplace(ticket.id, Read{buffer, offset_bytes});
  return ticket;
}

Result<void> CpuBackend::finish_read(ReadTicket ticket, std::span<std::byte> out) {
  const auto found = reads_.find(ticket.id);
  TESSERA_CHECK(found != reads_.end());
  const Read& read = found->second;
  if (!out.empty()) std::memcpy(out.data(), read.buffer.host + read.offset_bytes, out.size());
  reads_.erase(found);
  return {};
}

namespace {

struct CpuProgram final : Program {
  std::vector<Op> ops;
};

}  // namespace

Result<std::unique_ptr<Program>> CpuBackend::prepare(std::span<const Op> ops,
                                                     std::span<const TensorRef>) {
  auto program = std::make_unique<CpuProgram>();
  program->ops.assign(ops.begin(), ops.end());
  return std::unique_ptr<Program>(std::move(program));
}

Result<void> CpuBackend::run(const Program& program) {
  return run(static_cast<const CpuProgram&>(program).ops);
}

Result<void> CpuBackend::run(std::span<const Op> ops) {
  cpu::Execution execution{pool_, scratch_, rotations_};
  while (!ops.empty()) {
    const std::size_t joined = cpu::joined_matmul_count(ops);
    if (joined > 1) {
      TESSERA_TRY_VOID(cpu::run_joined_matmuls(ops.first(joined), execution));
      ops = ops.subspan(joined);
      continue;
    }
    TESSERA_TRY_VOID(std::visit(
        [&](const auto& alternative) { return cpu::run(alternative, execution); }, ops.front()));
    ops = ops.subspan(1);
  }
  return {};
}

MemoryUse CpuBackend::memory_use() const {
  return use_;
}

}  // namespace tessera
