// RmsNorm: out[r, :] = x[r, :] / sqrt(mean(x[r, :]^2) + epsilon) * weight
// (Zhang and Sennrich, "Root Mean Square Layer Normalization", 2019, equation 4)
#pragma once

#include "base/result.h"
#include "tensor/tensor_ref.h"

namespace tessera {

struct RmsNorm {
  TensorRef x;       // [rows, width] f32
  TensorRef weight;  // [width] f32
  TensorRef out;     // [rows, width] f32; may be x itself
  float epsilon = 1e-6f;

  Result<void> validate() const;
};

}  // namespace tessera
