// KvWrite: key_cache[h, positions[t], :] = key[t, h, :], and the same for values. Packed caches
// take them as rows of quantization/kv_row.h.
#pragma once

#include "base/result.h"
#include "ops/kv_codec.h"
#include "tensor/tensor_ref.h"

namespace tessera {

struct KvWrite {
  TensorRef key;        // [tokens, key_value_heads, head_size] f32
  TensorRef value;      // [tokens, key_value_heads, head_size] f32
  TensorRef positions;  // [tokens] i32, each in 0..context_tokens_max-1
  // [key_value_heads, context_tokens_max, head_size] f32 or f16, or [.., .., bytes of a row] packed
  TensorRef key_cache;
  TensorRef value_cache;   // of the same type
  KvCodec key_codec = {};  // of packed caches
  KvCodec value_codec = {};

  Result<void> validate() const;
};

}  // namespace tessera
