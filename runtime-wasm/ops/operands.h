// Which tensors an op reads and which it writes, for whoever reorders or merges ops.
#pragma once

#include <vector>

#include "ops/op.h"

namespace tessera {

struct Operands {
  std::vector<TensorRef> reads;
  std::vector<TensorRef> writes;  // wholly, but for caches and what Sample adds to
};

Operands operands_of(const Op& op);

// Whether the two share a byte; an empty tensor shares none.
bool overlap(const TensorRef& a, const TensorRef& b);

// Whether the two are the same bytes, in whatever shape.
bool is_same_place(const TensorRef& a, const TensorRef& b);

}  // namespace tessera
