#include "tools/package_writer.h"

#include <algorithm>
#include <utility>

#include "tools/sha256.h"

namespace tessera {
namespace {

// Tensors start at multiples of this inside a shard, so that they can be used where they lie.
constexpr std::size_t kTensorAlignment = 64;

}  // namespace

Result<void> PackageWriter::add_tokenizer(std::string_view tokenizer_json) {
  TESSERA_CHECK(shards_.empty() && tensors_.empty());
  if (tokenizer_json.empty() || tokenizer_json.size() > kShardSizeBytesMax) {
    return Error{ErrorCode::kUnsupported,
                 "a tokenizer of " + std::to_string(tokenizer_json.size()) + " bytes; 1 to " +
                     std::to_string(kShardSizeBytesMax) + " fit a shard"};
  }
  has_tokenizer_ = true;
  return add_shard(std::as_bytes(std::span(tokenizer_json)), "tokenizer", 0);
}

Result<void> PackageWriter::begin_tensor(std::string name, DataType type, Shape shape,
                                         std::int32_t priority) {
  const std::size_t padding =
      (kTensorAlignment - buffer_.size() % kTensorAlignment) % kTensorAlignment;
  if (buffer_.size() + padding >= kShardSizeBytesTarget) TESSERA_TRY_VOID(flush());
  if (!buffer_.empty()) buffer_.resize(buffer_.size() + padding);
  tensor_priority_ = priority;
  tensors_.push_back({std::move(name), type, shape, {}});
  return {};
}

Result<void> PackageWriter::append(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    std::vector<TensorPart>& parts = tensors_.back().parts;
    if (buffer_.empty()) buffer_priority_ = tensor_priority_;
    const auto shard = static_cast<std::uint32_t>(shards_.size());
    const std::size_t count = std::min(bytes.size(), kShardSizeBytesTarget - buffer_.size());
    if (parts.empty() || parts.back().shard != shard) {
      parts.push_back({shard, buffer_.size(), 0});
    }
    parts.back().size_bytes += count;
    buffer_.insert(buffer_.end(), bytes.begin(),
                   bytes.begin() + static_cast<std::ptrdiff_t>(count));
    bytes = bytes.subspan(count);
    if (buffer_.size() == kShardSizeBytesTarget) TESSERA_TRY_VOID(flush());
  }
  return {};
}

Result<void> PackageWriter::end_tensor() {
  const TensorEntry& tensor = tensors_.back();
  std::uint64_t size_bytes = 0;
  for (const TensorPart& part : tensor.parts) size_bytes += part.size_bytes;
  TESSERA_TRY(const std::size_t expected, tensor_size_bytes(tensor.type, tensor.shape));
  TESSERA_CHECK(size_bytes == expected);
  return {};
}

Result<void> PackageWriter::flush() {
  TESSERA_TRY_VOID(add_shard(buffer_, "language_model", buffer_priority_));
  buffer_.clear();
  return {};
}

Result<void> PackageWriter::add_shard(std::span<const std::byte> bytes, std::string component,
                                      std::int32_t priority) {
  if (shards_.size() == kManifestShardsMax) {
    return Error{ErrorCode::kUnsupported,
                 "the model needs more than " + std::to_string(kManifestShardsMax) + " shards"};
  }
  std::string sha256 = sha256_hex(bytes);
  TESSERA_TRY_VOID(store_.store(sha256, bytes));
  shards_.push_back({std::move(sha256), bytes.size(), std::move(component), priority});
  return {};
}

Result<void> PackageWriter::finish(Manifest& manifest) {
  if (!buffer_.empty()) TESSERA_TRY_VOID(flush());
  manifest.tensors = std::move(tensors_);
  manifest.shards = std::move(shards_);
  if (has_tokenizer_) manifest.tokenizer_shard = 0;
  return {};
}

}  // namespace tessera
