// MatMul: out[t, o] = sum_i x[t, i] * weight[o, i] + bias[o]
#pragma once

#include "base/result.h"
#include "tensor/tensor_ref.h"

namespace tessera {

// What a backend may do to x before it multiplies with quantized weights.
enum class Activations : std::uint8_t {
  kF32,   // nothing: products and sums in float32
  kInt8,  // round x to 8 bits per group of 32 and multiply integers
};

struct MatMul {
  TensorRef x;       // [tokens, in_features] f32
  TensorRef weight;  // [out_features, in_features], any weight type
  TensorRef bias;    // [out_features] f32, or empty
  TensorRef out;     // [tokens, out_features] f32
  Activations activations = Activations::kF32;

  Result<void> validate() const;
};

}  // namespace tessera
