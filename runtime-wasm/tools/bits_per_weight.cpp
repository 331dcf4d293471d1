#include "tools/bits_per_weight.h"

#include "model/decoder_model.h"

namespace tessera {
namespace {

bool is_embedding_or_output(const TensorEntry& tensor) {
  return tensor.name.find("embed") != std::string::npos ||
         tensor.name.find("lm_head") != std::string::npos;
}

}  // namespace

BitsPerWeight bits_per_weight(const Manifest& manifest) {
  double linear_bits = 0.0, linear_weights = 0.0, all_weights = 0.0, file_bits = 0.0;
  for (const TensorEntry& tensor : manifest.tensors) {
    if (is_kv_codec(tensor.name)) continue;  // no weights; the file has their bits all the same
    const auto weights = static_cast<double>(tensor.shape.element_count());
    all_weights += weights;
    if (tensor.shape.rank() < 2 || is_embedding_or_output(tensor)) continue;
    linear_weights += weights;
    for (const TensorPart& part : tensor.parts) {
      linear_bits += 8.0 * static_cast<double>(part.size_bytes);
    }
  }
  for (const ShardEntry& shard : manifest.shards) {
    file_bits += 8.0 * static_cast<double>(shard.size_bytes);
  }
  BitsPerWeight result;
  if (linear_weights > 0.0) result.linear = linear_bits / linear_weights;
  if (all_weights > 0.0) result.file = file_bits / all_weights;
  return result;
}

}  // namespace tessera
