// The KV cache of a decoder: how many bytes a position takes, and the codecs of a packed one.
#include <algorithm>
#include <bit>
#include <cmath>
#include <span>

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

// Of every layer, and that a head can be cut so.
Result<void> DecoderModel::choose_rows() {
  const std::int64_t head_size = configuration_.head_size;
  const auto layers = static_cast<std::size_t>(configuration_.layers);
  std::vector<KvLayerRows>& rows = options_.kv_rows;
  if (rows.empty()) {
    const auto bytes = static_cast<std::int32_t>(kv_row_bytes(options_.kv_type, head_size));
    rows.assign(layers, {bytes, bytes});
  }
  const auto fits = [&](std::int64_t bytes) {
    return bytes >= kv_row_bytes_min(head_size) && bytes <= kv_row_bytes_max(head_size);
  };
  const bool all_fit = std::ranges::all_of(rows, [&](const KvLayerRows& layer) {
    return fits(layer.key_bytes) && fits(layer.value_bytes);
  });
  if (rows.size() == layers && all_fit) return {};
  return Error{
      ErrorCode::kInvalidFile,
      "the sizes of a KV cache's rows must be " + std::to_string(kv_row_bytes_min(head_size)) +
          " to " + std::to_string(kv_row_bytes_max(head_size)) + " bytes for each of " +
          std::to_string(layers) + " layers; make the package again with tessera calibrate"};
}

Result<void> DecoderModel::allocate_cache() {
  const DataType type = kv_data_type(options_.kv_type);
  const auto allocate = [&](std::int64_t row) {
    return arena_.allocate(type,
                           Shape{configuration_.key_value_heads, options_.context_tokens_max, row},
                           MemoryPurpose::kKvCache);
  };
  for (std::size_t index = 0; index < layers_.size(); ++index) {
    KvLayerRows rows{};
    if (type == DataType::kKvRows) rows = options_.kv_rows[index];
    const std::int64_t head_size = configuration_.head_size;
    Layer& layer = layers_[index];
    TESSERA_TRY(layer.key_cache, allocate(rows.key_bytes > 0 ? rows.key_bytes : head_size));
    TESSERA_TRY(layer.value_cache, allocate(rows.value_bytes > 0 ? rows.value_bytes : head_size));
  }
  return {};
}

std::size_t DecoderModel::kv_bytes_per_token() const {
  std::size_t bytes = 0;
  for (const Layer& layer : layers_) {
    for (const TensorRef* cache : {&layer.key_cache, &layer.value_cache}) {
      bytes += tensor_size_bytes(cache->type, Shape{cache->shape[0], 1, cache->shape[2]}).value();
    }
  }
  return bytes;
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

// With which the means of keys are turned (ops/kv_turns.h).
Result<TensorRef> DecoderModel::make_turns() {
  const DecoderConfiguration& c = configuration_;
  TESSERA_TRY(const RopeFrequencies rope, compute_rope_frequencies(c.rope, c.head_size));
  const auto pairs = static_cast<std::int64_t>(rope.frequencies.size());
  TESSERA_TRY(const TensorRef turns,
              arena_.allocate(DataType::kF32, kv_turns_shape(pairs, options_.context_tokens_max),
                              MemoryPurpose::kActivations));
  const std::vector<float> table = kv_turns(rope.frequencies, options_.context_tokens_max);
  TESSERA_TRY_VOID(backend_.write(turns.buffer, 0, std::as_bytes(std::span(table))));
  return turns;
}

Result<void> DecoderModel::bind_codecs(const Weights& weights) {
  const DecoderConfiguration& c = configuration_;
  const std::int64_t rows = c.key_value_heads * KvCodec::rows_of_head(c.head_size);
  const bool has_turning_means = weights.has(kv_codec_name(0, "turning_key"));
  const bool is_calibrated = has_turning_means || weights.has(kv_codec_name(0, "key"));
  TensorRef rotation, turns;
  if (!is_calibrated) {
    TESSERA_TRY(rotation, make_rotation());
  }
  // With 8 bits what is left of the mean costs less than turning it: any constant may be taken
  // away.
  if (has_turning_means && options_.kv_type != KvType::k8) {
    TESSERA_TRY(turns, make_turns());
  }
  for (std::size_t index = 0; index < layers_.size(); ++index) {
    const auto number = static_cast<std::int64_t>(index);
    Layer& layer = layers_[index];
    layer.key_codec = {rotation, {}, turns};
    layer.value_codec = {rotation, {}};
    if (is_calibrated) {
      const std::string_view of_keys = has_turning_means ? "turning_key" : "key";
      TESSERA_TRY(layer.key_codec.matrices,
                  weights.matrix(kv_codec_name(number, of_keys), rows, c.head_size));
      TESSERA_TRY(layer.value_codec.matrices,
                  weights.matrix(kv_codec_name(number, "value"), rows, c.head_size));
    }
    const KvLayerRows& sizes = options_.kv_rows[index];
    layer.key_codec.format = kv_row_format(sizes.key_bytes, c.head_size,
                                           is_calibrated ? KvSpectrum::kKeys : KvSpectrum::kFlat);
    layer.value_codec.format = kv_row_format(
        sizes.value_bytes, c.head_size, is_calibrated ? KvSpectrum::kValues : KvSpectrum::kFlat);
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
