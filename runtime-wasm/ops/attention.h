// Attention: causal, grouped-query, over a cache.
//   out[t, h, :] = sum_p softmax_p(scale * query[t, h, :] . key_cache[h / group, p, :]) *
//   value_cache[h / group, p, :]
// where group = query_heads / key_value_heads and p runs over the cache's positions that token t
// sees: p <= positions[t], and p > positions[t] - window_tokens if window_tokens is not 0.
// (Vaswani et al., 2017, section 3.2.1; Ainslie et al., "GQA", 2023; the softmax is computed
// online, as in Milakov and Gimelshein, 2018, so that scores are never written as a whole.)
#pragma once

#include "base/result.h"
#include "ops/kv_codec.h"
#include "tensor/tensor_ref.h"

namespace tessera {

struct Attention {
  TensorRef query;  // [tokens, query_heads, head_size] f32
  // [key_value_heads, context_tokens_max, head_size] f32 or f16, or [.., .., bytes of a row] packed
  TensorRef key_cache;
  TensorRef value_cache;  // of the same type
  TensorRef positions;    // [tokens] i32
  TensorRef out;          // [tokens, query_heads, head_size] f32
  float scale = 1.0f;
  std::int32_t window_tokens = 0;  // 0: no window
  KvCodec key_codec = {};          // of packed caches
  KvCodec value_codec = {};

  Result<void> validate() const;
};

}  // namespace tessera
