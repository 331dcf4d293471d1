#include "model/weights.h"

#include <algorithm>
#include <utility>

namespace tessera {

Result<Weights> Weights::allocate(const Manifest& manifest, Backend& backend) {
  Weights weights(backend, manifest.shards.size());
  for (const TensorEntry& entry : manifest.tensors) {
    TESSERA_TRY_VOID(weights.add_tensor(entry));
  }
  for (std::vector<ShardSpan>& spans : weights.spans_) {
    std::sort(spans.begin(), spans.end(),
              [](const ShardSpan& a, const ShardSpan& b) { return a.offset < b.offset; });
  }
  return weights;
}

Weights::Weights(Weights&& other) noexcept
    : backend_(std::exchange(other.backend_, nullptr)),
      tensors_(std::move(other.tensors_)),
      spans_(std::move(other.spans_)) {}

Weights::~Weights() {
  if (backend_ == nullptr) return;
  for (const auto& [name, tensor] : tensors_) backend_->release(tensor.buffer);
}

Result<void> Weights::add_tensor(const TensorEntry& entry) {
  auto buffer = backend_->allocate(entry.type, entry.shape, MemoryPurpose::kWeights);
  if (!buffer) return buffer.error().with_context("tensor " + entry.name);
  tensors_.emplace(entry.name, TensorRef{entry.type, entry.shape, *buffer, 0});
  std::uint64_t buffer_offset_bytes = 0;
  for (const TensorPart& part : entry.parts) {
    spans_[part.shard].push_back({part.offset, part.size_bytes, *buffer, buffer_offset_bytes});
    buffer_offset_bytes += part.size_bytes;
  }
  return {};
}

bool Weights::has(std::string_view name) const {
  return tensors_.contains(std::string(name));
}

Result<TensorRef> Weights::find(std::string_view name, const Shape& shape) const {
  const auto found = tensors_.find(std::string(name));
  if (found == tensors_.end()) {
    return Error{ErrorCode::kInvalidFile, "the package has no tensor " + std::string(name)};
  }
  if (found->second.shape != shape) {
    return Error{ErrorCode::kInvalidFile, "tensor " + found->first + " has shape " +
                                              found->second.shape.to_string() +
                                              ", the configuration asks for " + shape.to_string()};
  }
  return found->second;
}

Result<TensorRef> Weights::matrix(std::string_view name, std::int64_t rows,
                                  std::int64_t columns) const {
  TESSERA_TRY(TensorRef tensor, find(name, Shape{rows, columns}));
  if (tensor.type == DataType::kI32) {
    return Error{ErrorCode::kInvalidFile,
                 "tensor " + std::string(name) + " is i32; weights are f32, f16 or quantized"};
  }
  return tensor;
}

Result<TensorRef> Weights::vector(std::string_view name, std::int64_t size) const {
  TESSERA_TRY(TensorRef tensor, find(name, Shape{size}));
  if (tensor.type != DataType::kF32) {
    return Error{ErrorCode::kInvalidFile, "tensor " + std::string(name) + " is " +
                                              std::string(data_type_name(tensor.type)) +
                                              "; norms and biases are f32"};
  }
  return tensor;
}

const std::vector<ShardSpan>& Weights::shard_spans(std::uint32_t shard) const {
  TESSERA_CHECK(shard < spans_.size());
  return spans_[shard];
}

}  // namespace tessera
