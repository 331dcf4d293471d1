// Embedding: out[t, :] = table[ids[t], :]
#pragma once

#include "base/result.h"
#include "tensor/tensor_ref.h"

namespace tessera {

struct Embedding {
  TensorRef table;  // [vocabulary_size, hidden_size], any weight type
  TensorRef ids;    // [tokens] i32, each in 0..vocabulary_size-1
  TensorRef out;    // [tokens, hidden_size] f32

  Result<void> validate() const;
};

}  // namespace tessera
