// Compares secrets without telling by the time it takes how much of them is right.
#pragma once

#include <cstddef>
#include <string_view>

namespace tessera {

inline bool is_same_secret(std::string_view given, std::string_view secret) {
  unsigned difference = given.size() == secret.size() ? 0 : 1;
  for (std::size_t index = 0; index < secret.size(); ++index) {
    const char character = given.empty() ? '\0' : given[index % given.size()];
    difference |= static_cast<unsigned char>(character ^ secret[index]);
  }
  return difference == 0;
}

}  // namespace tessera
