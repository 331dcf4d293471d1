// The syntax tree of a pattern, between parsing and compiling.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "tokenizer/character_class.h"
#include "tokenizer/regex.h"

namespace tessera {

struct RegexNode {
  enum class Kind : std::uint8_t {
    kSet,            // one character of sets[set]
    kConcatenation,  // the children, one after the other; none: matches nothing at all
    kAlternation,    // the first child that leads to a match
    kRepeat,         // children[0], min to max times
    kLookahead,      // children[0] must match here (must not, if is_negated)
    kAtomic,         // children[0], never matched again in another way
    kAssertion,      // `assertion` holds here
  };
  enum class Mode : std::uint8_t { kGreedy, kLazy, kPossessive };

  Kind kind = Kind::kConcatenation;
  Mode mode = Mode::kGreedy;
  bool is_negated = false;
  RegexInstruction::Op assertion = RegexInstruction::Op::kAccept;
  std::uint32_t set = 0;
  std::uint32_t min = 0;
  std::uint32_t max = 0;
  std::vector<RegexNode> children;

  bool can_be_empty() const;
};

struct RegexTree {
  RegexNode root;
  std::vector<CharacterClass> sets;  // prepared
};

Result<RegexTree> parse_regex(std::string_view pattern);

}  // namespace tessera
