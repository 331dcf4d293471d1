// KvTurns: cosines and sines with which the mean of keys before their rotation (ops/rope.h) is
// turned to a position. A position p is turned by the angles of p % kKvTurnPositions and then by
// those of the multiple below, so that a context of any length needs few numbers.
//
// A matrix [2 * pairs, kKvTurnPositions + multiples] f32: for every pair a row of cosines, then for
// every pair a row of sines, of position * frequency at the positions
//   0 .. kKvTurnPositions - 1, then 0, kKvTurnPositions, 2 * kKvTurnPositions, …
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "tensor/shape.h"

namespace tessera {

inline constexpr std::int64_t kKvTurnPositions = 128;

// Of the table for positions below context_tokens_max.
Shape kv_turns_shape(std::int64_t pairs, std::int64_t context_tokens_max);

// `frequencies` in radians per position, one a pair.
std::vector<float> kv_turns(std::span<const float> frequencies, std::int64_t context_tokens_max);

}  // namespace tessera
