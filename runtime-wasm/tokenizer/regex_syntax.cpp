// The parser: alternatives of concatenations of atoms with quantifiers.
#include "tokenizer/regex_syntax.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "tokenizer/regex_class_parser.h"

namespace tessera {
namespace {

constexpr std::size_t kNestingMax = 32;
constexpr std::uint32_t kRepeatMax = 1000;
constexpr std::size_t kPatternSizeMax = 16384;

struct Interval {
  std::uint32_t min;
  std::uint32_t max;
  std::size_t size_bytes;  // of its text
};

// {3} {3,} {,3} {1,3} at the beginning of `text`; anything else in braces stands for itself.
std::optional<Interval> parse_interval(std::string_view text) {
  if (text.empty() || text.front() != '{') return std::nullopt;
  const char* const end = text.data() + text.size();
  Interval interval{0, kNoRepeatLimit, 0};
  auto parsed = std::from_chars(text.data() + 1, end, interval.min);
  const bool has_min = parsed.ec == std::errc();
  bool has_max = false;
  if (parsed.ptr != end && *parsed.ptr == ',') {
    parsed = std::from_chars(parsed.ptr + 1, end, interval.max);
    has_max = parsed.ec == std::errc();
    if (!has_max) interval.max = kNoRepeatLimit;
  } else {
    interval.max = interval.min;
  }
  if (!(has_min || has_max) || parsed.ptr == end || *parsed.ptr != '}') return std::nullopt;
  interval.size_bytes = static_cast<std::size_t>(parsed.ptr + 1 - text.data());
  return interval;
}

class Parser {
 public:
  explicit Parser(std::string_view pattern) : cursor_(pattern) {}

  Result<RegexTree> parse() {
    TESSERA_TRY(RegexNode root, parse_alternation());
    if (!cursor_.at_end()) return cursor_.malformed("a ) without a (");
    for (CharacterClass& set : sets_) set.prepare();
    return RegexTree{std::move(root), std::move(sets_)};
  }

 private:
  Result<RegexNode> parse_alternation() {
    if (++nesting_ > kNestingMax) return cursor_.unsupported("such deep nesting");
    const bool outer_ignores_case = ignores_case_;
    std::vector<RegexNode> branches;
    do {
      TESSERA_TRY(RegexNode branch, parse_concatenation());
      branches.push_back(std::move(branch));
    } while (cursor_.take("|"));
    ignores_case_ = outer_ignores_case;
    --nesting_;
    if (branches.size() == 1) return std::move(branches.front());
    RegexNode node;
    node.kind = RegexNode::Kind::kAlternation;
    node.children = std::move(branches);
    return node;
  }

  Result<RegexNode> parse_concatenation() {
    RegexNode node;
    while (!cursor_.at_end() && !cursor_.starts_with("|") && !cursor_.starts_with(")")) {
      TESSERA_TRY(RegexNode atom, parse_atom());
      TESSERA_TRY(atom, parse_quantifiers(std::move(atom)));
      node.children.push_back(std::move(atom));
    }
    if (node.children.size() == 1) return RegexNode(std::move(node.children.front()));
    return node;
  }

  Result<RegexNode> parse_quantifiers(RegexNode atom) {
    while (true) {
      RegexNode repeat;
      repeat.kind = RegexNode::Kind::kRepeat;
      repeat.max = kNoRepeatLimit;
      const auto interval = parse_interval(cursor_.rest());
      if (interval) {
        cursor_.skip(interval->size_bytes);
        repeat.min = interval->min;
        repeat.max = interval->max;
      } else if (cursor_.take("+")) {
        repeat.min = 1;
      } else if (cursor_.take("?")) {
        repeat.max = 1;
      } else if (!cursor_.take("*")) {
        return atom;
      }
      if (repeat.max < repeat.min) return cursor_.malformed("a quantifier with max below min");
      if (std::max(repeat.min, repeat.max == kNoRepeatLimit ? 0 : repeat.max) > kRepeatMax) {
        return cursor_.unsupported("so large a repetition");
      }
      if (cursor_.take("?")) {
        repeat.mode = RegexNode::Mode::kLazy;
      } else if (!interval && cursor_.take("+")) {  // {1,3}+ is an ordinary + over {1,3}
        repeat.mode = RegexNode::Mode::kPossessive;
      }
      if (atom.kind == RegexNode::Kind::kAssertion || atom.kind == RegexNode::Kind::kLookahead ||
          (repeat.max == kNoRepeatLimit && atom.can_be_empty())) {
        return cursor_.unsupported("repeating what may be empty");
      }
      repeat.children.push_back(std::move(atom));
      atom = std::move(repeat);
    }
  }

  Result<RegexNode> parse_atom() {
    if (cursor_.take("(")) return parse_group();
    if (cursor_.take("^")) return assertion(RegexInstruction::Op::kLineStart);
    if (cursor_.take("$")) return assertion(RegexInstruction::Op::kLineEnd);
    if (cursor_.take("\\A")) return assertion(RegexInstruction::Op::kTextStart);
    if (cursor_.take("\\z")) return assertion(RegexInstruction::Op::kTextEnd);
    CharacterClass set;
    if (cursor_.take("[")) {
      TESSERA_TRY(set, parse_class(cursor_));
      return set_node(std::move(set));
    }
    const char32_t code_point = cursor_.take_code_point();
    if (code_point == '*' || code_point == '+' || code_point == '?') {
      return cursor_.malformed("a quantifier of nothing");
    }
    char32_t literal = code_point;
    if (code_point == '.') {
      set.add_range('\n', '\n');
      set.negate();
      literal = kNoCharacter;
    } else if (code_point == '\\') {
      TESSERA_TRY(literal, parse_escape(cursor_, set));
    }
    if (literal != kNoCharacter) {
      set.add_range(literal, literal);
      if (ignores_case_) set.add_range(to_lower(literal), to_lower(literal));
    }
    return set_node(std::move(set));
  }

  // What stands behind an opening parenthesis, up to and with the closing one.
  Result<RegexNode> parse_group() {
    RegexNode node;
    const bool outer_ignores_case = ignores_case_;
    if (cursor_.take("?i)")) return parse_rest(true);
    if (cursor_.take("?-i)")) return parse_rest(false);
    if (cursor_.take("?=")) {
      node.kind = RegexNode::Kind::kLookahead;
    } else if (cursor_.take("?!")) {
      node.kind = RegexNode::Kind::kLookahead;
      node.is_negated = true;
    } else if (cursor_.take("?>")) {
      node.kind = RegexNode::Kind::kAtomic;
    } else if (cursor_.take("?i:")) {
      ignores_case_ = true;
    } else if (cursor_.take("?-i:")) {
      ignores_case_ = false;
    } else if (!cursor_.take("?:") && cursor_.starts_with("?")) {
      return cursor_.unsupported("this kind of group");
    }
    TESSERA_TRY(RegexNode body, parse_alternation());
    ignores_case_ = outer_ignores_case;
    if (!cursor_.take(")")) return cursor_.malformed("a missing )");
    if (node.kind == RegexNode::Kind::kConcatenation) return body;
    node.children.push_back(std::move(body));
    return node;
  }

  // What follows (?i) or (?-i), to the end of the group that these stand in.
  Result<RegexNode> parse_rest(bool ignores_case) {
    const bool outer_ignores_case = ignores_case_;
    ignores_case_ = ignores_case;
    TESSERA_TRY(RegexNode rest, parse_alternation());
    ignores_case_ = outer_ignores_case;
    return rest;
  }

  RegexNode set_node(CharacterClass set) {
    if (ignores_case_) set.ignore_case();
    RegexNode node;
    node.kind = RegexNode::Kind::kSet;
    node.set = static_cast<std::uint32_t>(sets_.size());
    sets_.push_back(std::move(set));
    return node;
  }

  static RegexNode assertion(RegexInstruction::Op op) {
    RegexNode node;
    node.kind = RegexNode::Kind::kAssertion;
    node.assertion = op;
    return node;
  }

  RegexCursor cursor_;
  std::vector<CharacterClass> sets_;
  bool ignores_case_ = false;
  std::size_t nesting_ = 0;
};

}  // namespace

bool RegexNode::can_be_empty() const {
  const auto child_can = [](const RegexNode& child) { return child.can_be_empty(); };
  switch (kind) {
    case Kind::kSet: return false;
    case Kind::kLookahead:
    case Kind::kAssertion: return true;
    case Kind::kAlternation: return std::any_of(children.begin(), children.end(), child_can);
    case Kind::kRepeat: return min == 0 || children.front().can_be_empty();
    case Kind::kAtomic:
    case Kind::kConcatenation: return std::all_of(children.begin(), children.end(), child_can);
  }
  return true;
}

Result<RegexTree> parse_regex(std::string_view pattern) {
  if (pattern.size() > kPatternSizeMax) {
    return Error{ErrorCode::kUnsupported,
                 "a pattern of " + std::to_string(pattern.size()) + " bytes is too long"};
  }
  if (!is_valid_utf8(pattern)) return Error{ErrorCode::kInvalidFile, "a pattern is not UTF-8"};
  return Parser(pattern).parse();
}

}  // namespace tessera
