// One layer of a decoder in float arithmetic, in the pieces between its linear layers, so that
// calibration sees what each of those is fed with.
#pragma once

#include <array>
#include <string>

#include "base/result.h"
#include "calibration/matrix.h"
#include "calibration/source_tensors.h"
#include "model/decoder_configuration.h"

namespace tessera::calibration {

enum LinearIndex : std::uint8_t { kQuery, kKey, kValue, kOutput, kGate, kUp, kDown, kLinearCount };

struct Linear {
  std::string name;  // of the weight
  Matrix weight;     // [out_features, in_features]
  Vector bias;       // or empty

  // [tokens, in_features] -> [tokens, out_features]
  Matrix operator()(const Matrix& x) const;
};

struct FloatLayer {
  std::array<Linear, kLinearCount> linears;
  Vector attention_norm, mlp_norm;
  Vector query_norm, key_norm;  // or empty
  std::int32_t window_tokens = 0;
};

// What all layers share.
struct LayerShape {
  const DecoderConfiguration* configuration = nullptr;
  RopeFrequencies rope;
};

Result<FloatLayer> read_layer(const SourceTensors& tensors,
                              const DecoderConfiguration& configuration, std::int64_t index);

// x [tokens, hidden_size] of one text, from its first token on.
Matrix rms_norm(const Matrix& x, const Vector& weight, float epsilon);
// The heads' outputs, joined: what the output projection is fed with.
Matrix attention(const FloatLayer& layer, const LayerShape& shape, const Matrix& normed);
// activation(gate) * up: what the down projection is fed with.
Matrix gated(const FloatLayer& layer, const LayerShape& shape, const Matrix& normed);
// The whole layer, residuals included.
Matrix run_layer(const FloatLayer& layer, const LayerShape& shape, const Matrix& x);

}  // namespace tessera::calibration
