// Rope: rotates pairs (x[i], x[i + rotary_size / 2]) of every head by positions[t] *
// frequencies[i], and scales them by attention_scale; elements from rotary_size on stay as they
// are. (Su et al., "RoFormer", 2021, section 3.4; the halves are paired as in GPT-NeoX and Llama.)
#pragma once

#include "base/result.h"
#include "tensor/tensor_ref.h"

namespace tessera {

struct Rope {
  TensorRef x;            // [tokens, heads, head_size] f32, rotated in place
  TensorRef positions;    // [tokens] i32
  TensorRef frequencies;  // [rotary_size / 2] f32, radians per position
  float attention_scale = 1.0f;

  Result<void> validate() const;
};

}  // namespace tessera
