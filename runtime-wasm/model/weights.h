// Weights: the tensors of a package in a backend's memory, filled shard by shard as they arrive.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "backends/backend.h"
#include "base/result.h"
#include "package/manifest.h"
#include "tensor/tensor_ref.h"

namespace tessera {

// A run of bytes of a shard, and where in a buffer it goes.
struct ShardSpan {
  std::uint64_t offset = 0;  // in the shard
  std::uint64_t size_bytes = 0;
  BufferRef buffer;
  std::uint64_t buffer_offset_bytes = 0;
};

class Weights {
 public:
  // Takes memory for every tensor of the manifest. The backend must outlive the weights.
  // Errors: kOutOfMemory, with nothing left allocated.
  static Result<Weights> allocate(const Manifest& manifest, Backend& backend);

  Weights(Weights&&) noexcept;
  Weights& operator=(Weights&&) = delete;
  ~Weights();

  bool has(std::string_view name) const;

  // A tensor that must have exactly this shape. Errors: kInvalidFile naming the tensor.
  Result<TensorRef> matrix(std::string_view name, std::int64_t rows, std::int64_t columns) const;
  Result<TensorRef> vector(std::string_view name, std::int64_t size) const;  // f32

  // Where the bytes of a shard go, ordered by offset. REQUIRES: shard < the manifest's shard count.
  const std::vector<ShardSpan>& shard_spans(std::uint32_t shard) const;

 private:
  Weights(Backend& backend, std::size_t shard_count) : backend_(&backend), spans_(shard_count) {}

  Result<void> add_tensor(const TensorEntry& entry);
  Result<TensorRef> find(std::string_view name, const Shape& shape) const;

  Backend* backend_;
  std::unordered_map<std::string, TensorRef> tensors_;
  std::vector<std::vector<ShardSpan>> spans_;
};

}  // namespace tessera
