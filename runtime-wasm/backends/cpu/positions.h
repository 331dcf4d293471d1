// Checks positions, which come from outside with every run, against the cache they point into.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"
#include "tensor/tensor_ref.h"

namespace tessera::cpu {

inline Result<void> check_positions(const TensorRef& positions, std::int64_t context_tokens_max) {
  for (const std::int32_t position : positions.host_span<const std::int32_t>()) {
    if (position < 0 || position >= context_tokens_max) {
      return Error{ErrorCode::kInvalidArgument, "position " + std::to_string(position) +
                                                    " is outside the cache of " +
                                                    std::to_string(context_tokens_max) + " tokens"};
    }
  }
  return {};
}

}  // namespace tessera::cpu
