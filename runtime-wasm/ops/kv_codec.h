// KvCodec: between the keys or values of a layer's heads and the coordinates that a packed KV cache
// stores (quantization/kv_row.h).
//
// For each head 2 * head_size + 2 rows of head_size numbers:
//   rows                 content
//   0 .. head_size - 1   A: coordinates = A (x - mean)
//   .. 2 head_size - 1   B: x = mean + B coordinates, so that B A is close to the identity
//   2 head_size          mean
//   2 head_size + 1      the weight of each coordinate's squared error, on average about 1
//
// Attention needs keys and values only as products: query . key is (B^T query) . coordinates plus
// the same number for every key, which the softmax does not see; and weights that add up to 1 sum
// values to mean + B (their sum of coordinates).
//
// Keys that were rotated (ops/rope.h) can have a mean that turns with them: then the mean in the
// matrices is that of keys before rotation, and at position p it is turned to p, that is R(p) mean.
// Scores get it back: query . R(p) mean = sum over pairs (i, j = i + pairs) of
//   cos(p f_i) (q_i m_i + q_j m_j) + sin(p f_i) (q_j m_i - q_i m_j).
// Elements beyond the pairs are not turned, and their mean is the same for every key.
#pragma once

#include "ops/kv_turns.h"
#include "quantization/kv_row.h"
#include "tensor/tensor_ref.h"

namespace tessera {

class Contract;

struct KvCodec {
  TensorRef matrices;  // [key_value_heads * (2 * head_size + 2), head_size] f16, or empty
  KvRowFormat format;
  TensorRef turns = {};  // of keys' mean (ops/kv_turns.h), or empty: it is the same everywhere

  static std::int64_t rows_of_head(std::int64_t head_size) { return 2 * head_size + 2; }
};

// What KvWrite and Attention demand of a cache's codec: of a packed one all that is said above, of
// others that the cache's rows are heads.
void check_kv_codec(Contract& contract, std::string_view name, const KvCodec& codec,
                    const TensorRef& cache, std::int64_t head_size);

}  // namespace tessera
