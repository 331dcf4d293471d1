// GatedActivation: out = activation(gate) * up, element by element.
// (Shazeer, "GLU Variants Improve Transformer", 2020, section 2)
#pragma once

#include <cstdint>

#include "base/result.h"
#include "tensor/tensor_ref.h"

namespace tessera {

enum class ActivationFunction : std::uint8_t {
  kSilu,      // x * sigmoid(x)
  kGelu,      // x * (1 + erf(x / sqrt(2))) / 2
  kGeluTanh,  // the tanh approximation of gelu
  kRelu,      // max(x, 0)
};

struct GatedActivation {
  TensorRef gate;  // [tokens, width] f32
  TensorRef up;    // [tokens, width] f32
  TensorRef out;   // [tokens, width] f32; may be gate or up itself
  ActivationFunction function = ActivationFunction::kSilu;

  Result<void> validate() const;
};

}  // namespace tessera
