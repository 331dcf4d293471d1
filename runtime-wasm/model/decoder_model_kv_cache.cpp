// The KV cache of a decoder: how many bytes a position takes, and the codecs of a packed one.
#include <bit>
#include <cmath>

#include "base/half.h"
#include "model/decoder_model.h"

namespace tessera {
namespace {

// The sign by which a rotation multiplies an element: fixed, and without a pattern.
bool is_flipped(std::int64_t element) {
  return ((static_cast<std::uint32_t>(element) + 1) * 2654435761u >> 16 & 1) != 0;
}

// Entry of an orthogonal matrix: Hadamard matrices of the largest power of two that divides the
// head's size, along the diagonal, with signs before them.
float rotation_entry(std::int64_t row, std::int64_t column, std::int64_t head_size) {
  const std::int64_t block = head_size & -head_size;
  if (row / block != column / block) return 0.0f;
  const auto common = static_cast<std::uint64_t>(row % block & column % block);
  const bool is_negative = (std::popcount(common) % 2 != 0) != is_flipped(column);
  const float size = 1.0f / std::sqrt(static_cast<float>(block));
  return is_negative ? -size : size;
}

}  // namespace

std::size_t DecoderModel::kv_bytes_per_token() const {
  const Shape shape{configuration_.key_value_heads, 1, configuration_.head_size};
  const std::size_t row = tensor_size_bytes(options_.kv_type, shape).value();
  return 2 * static_cast<std::size_t>(configuration_.layers) * row;
}

// A codec (ops/kv_codec.h) that is the same rotation for every head: what lies far out in one
// element is spread over all. (Ashkboos et al., "QuaRot", 2024.)
Result<TensorRef> DecoderModel::make_rotation() {
  const std::int64_t size = configuration_.head_size;
  const std::int64_t rows = KvCodec::rows_of_head(size);
  const std::int64_t heads = configuration_.key_value_heads;
  std::vector<std::uint16_t> halves;
  halves.reserve(static_cast<std::size_t>(heads * rows * size));
  for (std::int64_t row = 0; row < heads * rows; ++row) {
    const std::int64_t r = row % rows;
    for (std::int64_t column = 0; column < size; ++column) {
      float entry = r == 2 * size ? 0.0f : 1.0f;  // mean and weights
      if (r < size) entry = rotation_entry(r, column, size);
      if (r >= size && r < 2 * size) entry = rotation_entry(column, r - size, size);
      halves.push_back(float_to_half(entry));
    }
  }
  TESSERA_TRY(const TensorRef codec,
              arena_.allocate(DataType::kF16, Shape{heads * rows, size}, MemoryPurpose::kWeights));
  TESSERA_TRY_VOID(backend_.write(codec.buffer, 0, std::as_bytes(std::span(halves))));
  return codec;
}

Result<void> DecoderModel::bind_codecs(const Weights& weights) {
  const DecoderConfiguration& c = configuration_;
  const DataType type = options_.kv_type;
  const std::int64_t rows = c.key_value_heads * KvCodec::rows_of_head(c.head_size);
  if (!weights.has(kv_codec_name(0, "key"))) {
    TESSERA_TRY(const TensorRef rotation, make_rotation());
    const KvCodec codec{rotation, kv_row_format(type, c.head_size, KvSpectrum::kFlat)};
    for (Layer& layer : layers_) layer.key_codec = layer.value_codec = codec;
    return {};
  }
  const KvRowFormat keys = kv_row_format(type, c.head_size, KvSpectrum::kKeys);
  const KvRowFormat values = kv_row_format(type, c.head_size, KvSpectrum::kValues);
  for (std::size_t index = 0; index < layers_.size(); ++index) {
    const auto number = static_cast<std::int64_t>(index);
    Layer& layer = layers_[index];
    TESSERA_TRY(layer.key_codec.matrices,
                weights.matrix(kv_codec_name(number, "key"), rows, c.head_size));
    TESSERA_TRY(layer.value_codec.matrices,
                weights.matrix(kv_codec_name(number, "value"), rows, c.head_size));
    layer.key_codec.format = keys;
    layer.value_codec.format = values;
  }
  return {};
}

bool is_kv_codec(std::string_view tensor_name) {
  return tensor_name.ends_with("_codec");
}

std::string kv_codec_name(std::int64_t layer, std::string_view of) {
  return "model.layers." + std::to_string(layer) + ".self_attn." + std::string(of) + "_codec";
}

}  // namespace tessera
