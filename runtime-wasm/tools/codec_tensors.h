// Codecs of the KV cache (ops/kv_codec.h) as tensors of a package.
#pragma once

#include <span>
#include <vector>

#include "calibration/kv_codec_fit.h"
#include "model/decoder_configuration.h"
#include "tools/convert_model.h"

namespace tessera {

// Two for every layer, in the layers' order.
std::vector<AddedTensor> codec_tensors(const DecoderConfiguration& configuration,
                                       std::span<const calibration::LayerCodecs> codecs);

}  // namespace tessera
