// SyntheticModel: a random model of any shape, for measurements and tests. The same options give
// the same weights.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "package/model_source.h"

namespace tessera {

struct SyntheticOptions {
  std::string name = "synthetic";
  std::string architecture = "llama";  // or "qwen2", "qwen3"
  std::int64_t hidden_size = 768;
  std::int64_t intermediate_size = 2048;
  std::int64_t layers = 12;
  std::int64_t query_heads = 12;
  std::int64_t key_value_heads = 4;
  std::int64_t head_size = 0;  // 0: hidden_size / query_heads
  std::int64_t vocabulary_size = 8192;
  std::int64_t context_tokens_max = 2048;
  bool ties_embeddings = true;
  std::uint64_t seed = 1;
};

// Norms are 1, biases and matrices uniform; a matrix row has a length of about 1, so that
// activations keep their scale from layer to layer.
class SyntheticModel final : public ModelSource {
 public:
  // Errors: kInvalidArgument if the heads do not fit, or the vocabulary is too small or large for
  // the tokenizer that comes with it; kUnsupported for another architecture.
  static Result<std::unique_ptr<SyntheticModel>> create(const SyntheticOptions& options);

  const ModelDescription& description() const override { return description_; }
  std::span<const SourceTensor> tensors() const override { return tensors_; }
  Result<void> read_rows(std::size_t tensor, std::int64_t first_row,
                         std::span<std::byte> out) const override;

 private:
  explicit SyntheticModel(std::uint64_t seed) : seed_(seed) {}
  void add_layer(const SyntheticOptions& options, std::int64_t head_size, std::int64_t layer);
  void add(std::string name, Shape shape);

  std::uint64_t seed_;
  ModelDescription description_;
  std::vector<SourceTensor> tensors_;
};

}  // namespace tessera
