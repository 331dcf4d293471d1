// Neighbouring MatMuls of the same x (query, key and value; gate and up) run as one task: x is
// rounded once, and threads meet once.
#pragma once

#include <cstddef>
#include <span>

#include "backends/cpu/execution.h"

namespace tessera::cpu {

// How many ops at the front can be joined; 0 or 1 if there is nothing to join.
std::size_t joined_matmul_count(std::span<const Op> ops) noexcept;

// REQUIRES: all of the ops can be joined. Results are those of running one after the other.
Result<void> run_joined_matmuls(std::span<const Op> ops, Execution& execution);

}  // namespace tessera::cpu
