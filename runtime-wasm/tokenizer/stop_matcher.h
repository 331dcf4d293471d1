// Stop strings in streamed text, wherever the text is cut into deltas.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tessera {

// Passes text on until one of the stop strings is complete, and holds back what could still become
// one. Of stop strings that are complete at the same byte the longest counts. Empty ones never
// match. What comes out does not depend on where the text is cut.
class StopMatcher {
 public:
  explicit StopMatcher(std::vector<std::string> stops);

  // The text that is certain not to belong to a stop string. Nothing after a match.
  std::string push(std::string_view text);
  // At the end of the text: what was held back. Nothing after a match.
  std::string flush();

  bool has_matched() const { return matched_.has_value(); }
  // The stop string that matched, an index into the list given at first.
  std::optional<std::size_t> matched() const { return matched_; }

 private:
  struct Stop {
    std::string text;
    std::vector<std::size_t> fallback;  // [n]: the longest proper border of the first n bytes
    std::size_t matched_bytes = 0;      // the text so far ends with this much of the stop string
  };

  static Stop make_stop(std::string text);
  static void advance(Stop& stop, char byte);
  std::size_t longest_partial() const;

  std::vector<Stop> stops_;
  std::string held_;
  std::optional<std::size_t> matched_;
};

}  // namespace tessera
