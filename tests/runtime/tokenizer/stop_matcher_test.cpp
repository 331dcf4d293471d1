#include "tokenizer/stop_matcher.h"

#include <catch2/catch_test_macros.hpp>
#include <random>

using namespace tessera;

namespace {

struct Outcome {
  std::string text;
  std::optional<std::size_t> matched;

  bool operator==(const Outcome&) const = default;
};

// Pushes `text` in parts of `part_size` bytes.
Outcome run(const std::vector<std::string>& stops, std::string_view text, std::size_t part_size) {
  StopMatcher matcher(stops);
  Outcome outcome;
  for (std::size_t begin = 0; begin < text.size(); begin += part_size) {
    outcome.text += matcher.push(text.substr(begin, part_size));
  }
  outcome.text += matcher.flush();
  outcome.matched = matcher.matched();
  return outcome;
}

// What it should be: the end of the first completed stop string, found by looking at every end.
Outcome expected(const std::vector<std::string>& stops, std::string_view text) {
  for (std::size_t end = 1; end <= text.size(); ++end) {
    std::optional<std::size_t> longest;
    for (std::size_t index = 0; index < stops.size(); ++index) {
      if (stops[index].empty() || !text.substr(0, end).ends_with(stops[index])) continue;
      if (!longest || stops[index].size() > stops[*longest].size()) longest = index;
    }
    if (longest) return {std::string(text.substr(0, end - stops[*longest].size())), longest};
  }
  return {std::string(text), std::nullopt};
}

}  // namespace

TEST_CASE("text without stop strings passes at once") {
  StopMatcher matcher({});
  CHECK(matcher.push("anything") == "anything");
  CHECK(matcher.flush().empty());
  CHECK_FALSE(matcher.has_matched());
}

TEST_CASE("what could become a stop string is held back, and released when it does not") {
  StopMatcher matcher({"<end>"});
  CHECK(matcher.push("a <e") == "a ");
  CHECK(matcher.push("n") == "");
  CHECK(matcher.push("emy <") == "<enemy ");
  CHECK(matcher.push("end") == "");
  CHECK(matcher.flush() == "<end");
}

TEST_CASE("a stop string that spans deltas ends the text before it") {
  StopMatcher matcher({"\n\nUser:", "###"});
  CHECK(matcher.push("Hello\n") == "Hello");
  CHECK(matcher.push("\nUs") == "");
  CHECK(matcher.push("er: more ###") == "");
  CHECK(matcher.has_matched());
  CHECK(matcher.matched() == 0u);
  CHECK(matcher.push("text") == "");
  CHECK(matcher.flush() == "");
}

TEST_CASE("a false start that contains the true one is seen") {
  CHECK(run({"aab"}, "aaab", 1) == Outcome{"a", 0});
  CHECK(run({"abab!"}, "ababab!", 2) == Outcome{"ab", 0});
}

TEST_CASE("empty stop strings never match") {
  CHECK(run({"", "x"}, "abx", 3) == Outcome{"ab", 1});
  CHECK(run({""}, "ab", 1) == Outcome{"ab", std::nullopt});
}

TEST_CASE("stop strings are found however the text is cut") {
  std::mt19937 random(7);
  for (int round = 0; round < 3000; ++round) {
    const auto random_text = [&](std::size_t size_max) {
      std::string text(random() % (size_max + 1), 'a');
      for (char& letter : text) letter = static_cast<char>('a' + random() % 3);
      return text;
    };
    std::vector<std::string> stops(random() % 4);
    for (std::string& stop : stops) stop = random_text(6);
    const std::string text = random_text(40);
    const Outcome wanted = expected(stops, text);
    INFO("round " << round << ", text " << text);
    for (const std::size_t part_size : {1u, 2u, 3u, 7u, 64u}) {
      CHECK(run(stops, text, part_size) == wanted);
    }
  }
}
