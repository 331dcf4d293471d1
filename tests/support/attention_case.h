// An attention as op cases describe it, and its name in the table.
#pragma once

#include <cstdint>
#include <string>

#include "support/reference_ops.h"

namespace tessera::testing {

struct AttentionCase {
  reference::AttentionShape shape;
  std::int32_t first_position;
  bool is_short = false;
};

inline std::string described(const AttentionCase& one) {
  const reference::AttentionShape& shape = one.shape;
  return std::to_string(shape.tokens) + " tokens from " + std::to_string(one.first_position) +
         " of " + std::to_string(shape.context_tokens_max) + ", " +
         std::to_string(shape.query_heads) + "/" + std::to_string(shape.key_value_heads) +
         " heads of " + std::to_string(shape.head_size) +
         (shape.window_tokens > 0 ? ", window " + std::to_string(shape.window_tokens) : "");
}

}  // namespace tessera::testing
