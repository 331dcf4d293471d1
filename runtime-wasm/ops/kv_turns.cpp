#include "ops/kv_turns.h"

#include <cmath>
#include <numbers>

namespace tessera {
namespace {

// The same angle less whole turns, so that a float has enough of it.
float within_a_turn(double radians) {
  constexpr double kTurn = 2.0 * std::numbers::pi;
  return static_cast<float>(radians - kTurn * std::floor(radians / kTurn));
}

}  // namespace

Shape kv_turns_shape(std::int64_t pairs, std::int64_t context_tokens_max) {
  const std::int64_t multiples = (context_tokens_max + kKvTurnPositions - 1) / kKvTurnPositions;
  return Shape{2 * pairs, kKvTurnPositions + multiples};
}

std::vector<float> kv_turns(std::span<const float> frequencies, std::int64_t context_tokens_max) {
  const auto pairs = static_cast<std::int64_t>(frequencies.size());
  const std::int64_t columns = kv_turns_shape(pairs, context_tokens_max)[1];
  std::vector<float> table;
  table.reserve(static_cast<std::size_t>(2 * pairs * columns));
  for (const bool is_sine : {false, true}) {
    for (const float frequency : frequencies) {
      for (std::int64_t column = 0; column < columns; ++column) {
        const std::int64_t multiple = column - kKvTurnPositions;
        const std::int64_t position = multiple < 0 ? column : multiple * kKvTurnPositions;
        const float angle = within_a_turn(static_cast<double>(position) * frequency);
        table.push_back(is_sine ? std::sin(angle) : std::cos(angle));
      }
    }
  }
  return table;
}

}  // namespace tessera
