// Shares the bytes of a packed KV cache out among layers, and among their keys and values: where
// errors move the model's output most, rows are longer.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "quantization/kv_row.h"

namespace tessera::calibration {

// How far the output moves, as KL divergence in nats a token, if only this layer's keys or values
// have rows of `row_bytes`.
struct KvSensitivity {
  std::int64_t row_bytes = 0;
  double key_divergence = 0.0;
  double value_divergence = 0.0;
};

// The sizes of rows for every layer that, together, take as many bytes as kv_row_bytes() gives
// them, at 2 bits as many as are 7 times smaller than f16. A divergence is taken to be proportional
// to the error that rows leave (kv_row_error), and divergences to add up.
// REQUIRES: is_packed(type), 1 <= head_size <= kKvHeadSizeMax.
std::vector<KvLayerRows> share_kv_rows(KvType type, std::int64_t head_size,
                                       std::span<const KvSensitivity> layers);

}  // namespace tessera::calibration
