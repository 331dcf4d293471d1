#include "tools/codec_tensors.h"

#include "model/decoder_model.h"
#include "ops/kv_codec.h"

namespace tessera {

std::vector<AddedTensor> codec_tensors(const DecoderConfiguration& configuration,
                                       std::span<const calibration::LayerCodecs> codecs) {
  const Shape shape{configuration.key_value_heads * KvCodec::rows_of_head(configuration.head_size),
                    configuration.head_size};
  std::vector<AddedTensor> tensors;
  for (std::size_t layer = 0; layer < codecs.size(); ++layer) {
    const char* of_keys = codecs[layer].has_turning_means ? "turning_key" : "key";
    for (const bool is_key : {true, false}) {
      const auto& halves = is_key ? codecs[layer].key : codecs[layer].value;
      const auto bytes = std::as_bytes(std::span(halves));
      tensors.push_back(
          {kv_codec_name(static_cast<std::int64_t>(layer), is_key ? of_keys : "value"),
           shape,
           {DataType::kF16, std::vector<std::byte>(bytes.begin(), bytes.end()), 0.0}});
    }
  }
  return tensors;
}

}  // namespace tessera
