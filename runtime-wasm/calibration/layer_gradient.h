// A decoder's layer forwards, keeping what its gradient needs, and backwards.
#pragma once

#include <array>
#include <vector>

#include "calibration/float_layer.h"

namespace tessera::calibration {

// What a layer met on its way forwards over one text.
struct LayerTape {
  Matrix x, attention_input;
  Matrix query_before_norm, key_before_norm;  // empty without norms of queries and keys
  Matrix query, key, value;                   // rotated
  std::vector<Matrix> probabilities;          // of attention, one [tokens, tokens] per head
  Matrix joined;                              // the heads' outputs
  Matrix hidden, mlp_input, gate, up, gated;
};

// The gradient of a loss with respect to all that a layer holds.
struct LayerGradient {
  std::array<Matrix, kLinearCount> weights;
  std::array<Vector, kLinearCount> biases;  // or empty
  Vector attention_norm, mlp_norm;
  Vector query_norm, key_norm;  // or empty

  static LayerGradient zero(const FloatLayer& layer);
  void set_zero();
  void add(const LayerGradient& other);
};

// run_layer, with a tape.
Matrix record_layer(const FloatLayer& layer, const LayerShape& shape, Matrix x, LayerTape& tape);

// From the gradient with respect to the layer's output, that with respect to its input; adds to
// `gradient`.
Matrix differentiate_layer(const FloatLayer& layer, const LayerShape& shape, const LayerTape& tape,
                           const Matrix& output_gradient, LayerGradient& gradient);

// The same for rms_norm(x, weight, epsilon); adds to `weight_gradient`.
Matrix differentiate_rms_norm(const Matrix& x, const Vector& weight, float epsilon,
                              const Matrix& output_gradient, Vector& weight_gradient);

}  // namespace tessera::calibration
