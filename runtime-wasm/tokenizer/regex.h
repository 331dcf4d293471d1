// Regular expressions as tokenizer.json files use them: Oniguruma's syntax without captures,
// matched by backtracking over the characters of UTF-8 text.
//
// Understood: alternation, groups (capturing or not, (?i:...), (?i), atomic), lookahead, [classes]
// with ranges and \p{..} \s \S \d \D \w \W, quantifiers (greedy, lazy, possessive), ^ $ \A \z.
// Anything else is an error that names the pattern and the place.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "tokenizer/character_class.h"

namespace tessera {

inline constexpr std::uint32_t kNoRepeatLimit = 0xffffffffu;

struct RegexInstruction {
  enum class Op : std::uint8_t {
    kSet,        // one character of set `a`
    kSetLoop,    // `b` to `c` characters of set `a`, as many as possible
    kSplit,      // try `a`, then `b`
    kJump,       // go to `a`
    kLookahead,  // the code that follows must match here, up to its kAccept; then go to `a`
    kAtomic,     // the code that follows matches once, up to its kAccept; then go to `a`
    kLineStart,
    kLineEnd,
    kTextStart,
    kTextEnd,
    kAccept,
  };
  Op op;
  bool flag = false;  // kLookahead: must not match; kSetLoop: possessive
  std::uint32_t a = 0;
  std::uint32_t b = 0;
  std::uint32_t c = 0;
};

// A compiled pattern; immutable, may be shared.
class Regex {
 public:
  // Errors: kInvalidFile for a malformed pattern, kUnsupported for a construct or size not handled.
  static Result<Regex> compile(std::string_view pattern);
  // A pattern that matches exactly `text`, which is not empty.
  static Regex literal(std::string_view text);

  const std::string& pattern() const { return pattern_; }

 private:
  friend class RegexMatches;
  std::string pattern_;
  std::vector<CharacterClass> sets_;
  std::vector<RegexInstruction> program_;
};

// The matches of a regex in a text, one after the other, not overlapping. Both must outlive it.
class RegexMatches {
 public:
  struct Match {
    std::size_t begin;
    std::size_t end;
  };

  // REQUIRES: `text` is valid UTF-8.
  RegexMatches(const Regex& regex, std::string_view text);

  // False when there are no more. An empty match is found only where no match just ended.
  bool next(Match& match);

  // An error if a search was cut short, because the pattern takes far too many steps on this text.
  Result<void> status() const;

 private:
  static constexpr std::size_t kNone = ~std::size_t{0};

  struct Frame {  // a place to go back to: before `position`, down to `minimum`
    std::size_t program_counter;
    std::size_t position;
    std::size_t minimum;
  };

  std::size_t match_at(std::size_t program_counter, std::size_t position);
  bool step(const RegexInstruction& instruction, std::size_t& program_counter,
            std::size_t& position);
  bool loop_over_set(const RegexInstruction& instruction, std::size_t program_counter,
                     std::size_t& position);
  bool backtrack(std::size_t base, std::size_t& program_counter, std::size_t& position);

  const Regex& regex_;
  std::string_view text_;
  std::size_t search_from_ = 0;
  std::size_t last_end_ = kNone;
  std::size_t steps_left_;
  std::vector<Frame> frames_;
};

}  // namespace tessera
