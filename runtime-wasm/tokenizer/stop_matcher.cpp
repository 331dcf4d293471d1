// Every stop string runs its own Knuth-Morris-Pratt automaton.
#include "tokenizer/stop_matcher.h"

#include <algorithm>
#include <utility>

namespace tessera {

StopMatcher::StopMatcher(std::vector<std::string> stops) {
  for (std::string& stop : stops) stops_.push_back(make_stop(std::move(stop)));
}

StopMatcher::Stop StopMatcher::make_stop(std::string text) {
  Stop stop{std::move(text), {}, 0};
  stop.fallback.assign(stop.text.size() + 1, 0);
  for (std::size_t size = 2; size <= stop.text.size(); ++size) {
    std::size_t border = stop.fallback[size - 1];
    while (border > 0 && stop.text[border] != stop.text[size - 1]) border = stop.fallback[border];
    stop.fallback[size] = border + (stop.text[border] == stop.text[size - 1] ? 1 : 0);
  }
  return stop;
}

// REQUIRES: the stop string is not complete yet, and not empty.
void StopMatcher::advance(Stop& stop, char byte) {
  std::size_t& matched = stop.matched_bytes;
  while (matched > 0 && stop.text[matched] != byte) matched = stop.fallback[matched];
  if (stop.text[matched] == byte) ++matched;
}

std::string StopMatcher::push(std::string_view text) {
  if (matched_) return {};
  for (const char byte : text) {
    held_ += byte;
    for (std::size_t index = 0; index < stops_.size(); ++index) {
      Stop& stop = stops_[index];
      if (stop.text.empty()) continue;
      advance(stop, byte);
      const bool is_complete = stop.matched_bytes == stop.text.size();
      if (is_complete && (!matched_ || stop.text.size() > stops_[*matched_].text.size())) {
        matched_ = index;
      }
    }
    if (matched_) {
      held_.resize(held_.size() - stops_[*matched_].text.size());
      return std::exchange(held_, {});
    }
  }
  const std::size_t certain = held_.size() - longest_partial();
  std::string passed = held_.substr(0, certain);
  held_.erase(0, certain);
  return passed;
}

std::string StopMatcher::flush() {
  return matched_ ? std::string() : std::exchange(held_, {});
}

std::size_t StopMatcher::longest_partial() const {
  std::size_t longest = 0;
  for (const Stop& stop : stops_) longest = std::max(longest, stop.matched_bytes);
  return longest;
}

}  // namespace tessera
