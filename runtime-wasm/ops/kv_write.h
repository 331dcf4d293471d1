// KvWrite: key_cache[h, positions[t], :] = key[t, h, :], and the same for values.
#pragma once

#include "base/result.h"
#include "tensor/tensor_ref.h"

namespace tessera {

struct KvWrite {
  TensorRef key;          // [tokens, key_value_heads, head_size] f32
  TensorRef value;        // [tokens, key_value_heads, head_size] f32
  TensorRef positions;    // [tokens] i32, each in 0..context_tokens_max-1
  TensorRef key_cache;    // [key_value_heads, context_tokens_max, head_size] f32 or f16
  TensorRef value_cache;  // as key_cache

  Result<void> validate() const;
};

}  // namespace tessera
