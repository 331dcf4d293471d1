// What a field of a message may hold: the bounds that generated/protocol.h gives for each field.
#pragma once

#include <cstdint>

namespace tessera::protocol {

struct AnyRule {};  // the field's type says it all

struct StringRule {
  std::uint64_t bytes_min;
  std::uint64_t bytes_max;
};

struct IntegerRule {
  std::int64_t min;
  std::int64_t max;
};

struct NumberRule {
  double min;
  double max;
};

template <typename Item>
struct ArrayRule {
  std::uint64_t items_min;
  std::uint64_t items_max;
  Item item;
};

template <typename Item>
constexpr ArrayRule<Item> array_rule(std::uint64_t items_min, std::uint64_t items_max, Item item) {
  return {items_min, items_max, item};
}

}  // namespace tessera::protocol
