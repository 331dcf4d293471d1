// MatMul: out[t, o] = sum_i x[t, i] * weight[o, i] + bias[o]
#pragma once

#include "base/result.h"
#include "tensor/tensor_ref.h"

namespace tessera {

// What a backend may do to x before it multiplies with quantized weights.
enum class Activations : std::uint8_t {
  kF32,  // nothing: products and sums in float32
  // Round to 8 bits per group of 32 and add up integers: x itself, or for q2 and q3 the sums and
  // differences of every four neighbours of x, halved, which their products are looked up from.
  kInt8,
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
