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
  Matrix cosine, sine;             // [kTokensMax, rotary_size / 2], scaled, of the rotary positions
  std::vector<float> frequencies;  // [rotary_size / 2], radians per position

  // The longest text that layers can be run on.
  static constexpr std::int64_t kTokensMax = 2048;
  // `configuration` must live as long as the shape. Errors: those of compute_rope_frequencies.
  static Result<LayerShape> of(const DecoderConfiguration& configuration);
};

Result<FloatLayer> read_layer(const SourceTensors& tensors,
                              const DecoderConfiguration& configuration, std::int64_t index);

// Rotates every head of x [tokens, heads * head_size], whose first row has position `first`; with
// `direction` -1, back.
void rotate(Matrix& x, const LayerShape& shape, Eigen::Index first, float direction);
// Norms every head's part of each row; without a weight, nothing.
void norm_heads(Matrix& x, const Vector& weight, float epsilon);
// Softmax of each row over the positions that its token sees.
void causal_softmax(Matrix& scores, std::int64_t window_tokens);
// The function of each element.
void activate(Matrix& x, ActivationFunction function);

// x [tokens, hidden_size] of one text, from its first token on.
Matrix rms_norm(const Matrix& x, const Vector& weight, float epsilon);
// What attention takes, heads side by side: [tokens, heads * head_size], queries and keys rotated.
struct HeadRows {
  Matrix query, key, value;
};
HeadRows project_heads(const FloatLayer& layer, const LayerShape& shape, const Matrix& normed);
// The heads' outputs, joined: what the output projection is fed with.
Matrix attend(const FloatLayer& layer, const LayerShape& shape, const HeadRows& rows);
// The same of project_heads.
Matrix attention(const FloatLayer& layer, const LayerShape& shape, const Matrix& normed);
// activation(gate) * up: what the down projection is fed with.
Matrix gated(const FloatLayer& layer, const LayerShape& shape, const Matrix& normed);
// The whole layer, residuals included.
Matrix run_layer(const FloatLayer& layer, const LayerShape& shape, const Matrix& x);

}  // namespace tessera::calibration
