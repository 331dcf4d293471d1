// PackageWriter: cuts a stream of tensors into shards and notes where everything lies.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "package/manifest.h"

namespace tessera {

// Where finished shards go: a directory, or memory.
class ShardStore {
 public:
  virtual ~ShardStore() = default;
  // The same shard may come twice.
  virtual Result<void> store(const std::string& sha256, std::span<const std::byte> bytes) = 0;
};

// Tensors must come in the order in which they should be loaded; they are packed one after another
// into shards of kShardSizeBytesTarget, a tensor that does not fit going on in the next shard.
// Holds one shard in memory.
class PackageWriter {
 public:
  // REQUIRES: `store` outlives the writer.
  explicit PackageWriter(ShardStore& store) : store_(store) {}

  // The tokenizer, a shard of its own. REQUIRES: before the first tensor, at most once.
  Result<void> add_tokenizer(std::string_view tokenizer_json);

  // A tensor's bytes come by any number of calls to append.
  // REQUIRES: begin_tensor and end_tensor in turns; `priority` does not decrease.
  Result<void> begin_tensor(std::string name, DataType type, Shape shape, std::int32_t priority);
  Result<void> append(std::span<const std::byte> bytes);
  Result<void> end_tensor();

  // Stores the last shard and moves tensors, shards and tokenizer into `manifest`.
  Result<void> finish(Manifest& manifest);

 private:
  Result<void> flush();
  Result<void> add_shard(std::span<const std::byte> bytes, std::string component,
                         std::int32_t priority);

  ShardStore& store_;
  std::vector<TensorEntry> tensors_;
  std::vector<ShardEntry> shards_;
  std::vector<std::byte> buffer_;
  std::int32_t tensor_priority_ = 0;  // of the tensor that is being written
  std::int32_t buffer_priority_ = 0;  // of the first tensor in the buffer
  bool has_tokenizer_ = false;
};

}  // namespace tessera
