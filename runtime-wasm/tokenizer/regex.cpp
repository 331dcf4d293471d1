// The compiler: syntax tree to program.
#include "tokenizer/regex.h"

#include "tokenizer/regex_syntax.h"

namespace tessera {
namespace {

using Op = RegexInstruction::Op;

constexpr std::size_t kProgramSizeMax = 16384;

class Compiler {
 public:
  // False if the program is too large.
  bool compile(const RegexNode& root) {
    emit(root);
    program_.push_back({Op::kAccept});
    return program_.size() <= kProgramSizeMax;
  }

  std::vector<RegexInstruction> take_program() { return std::move(program_); }

 private:
  std::uint32_t here() const { return static_cast<std::uint32_t>(program_.size()); }

  std::uint32_t add(Op op, bool flag = false) {
    program_.push_back({op, flag});
    return here() - 1;
  }

  void emit(const RegexNode& node) {
    if (program_.size() > kProgramSizeMax) return;
    switch (node.kind) {
      case RegexNode::Kind::kSet: program_[add(Op::kSet)].a = node.set; break;
      case RegexNode::Kind::kConcatenation:
        for (const RegexNode& child : node.children) emit(child);
        break;
      case RegexNode::Kind::kAlternation: emit_alternation(node); break;
      case RegexNode::Kind::kRepeat: emit_repeat(node); break;
      case RegexNode::Kind::kLookahead:
        emit_enclosed(Op::kLookahead, node.is_negated, node.children.front());
        break;
      case RegexNode::Kind::kAtomic:
        emit_enclosed(Op::kAtomic, false, node.children.front());
        break;
      case RegexNode::Kind::kAssertion: add(node.assertion); break;
    }
  }

  void emit_alternation(const RegexNode& node) {
    std::vector<std::uint32_t> jumps;
    for (std::size_t index = 0; index + 1 < node.children.size(); ++index) {
      const std::uint32_t split = add(Op::kSplit);
      program_[split].a = here();
      emit(node.children[index]);
      jumps.push_back(add(Op::kJump));
      program_[split].b = here();
    }
    emit(node.children.back());
    for (const std::uint32_t jump : jumps) program_[jump].a = here();
  }

  void emit_repeat(const RegexNode& node) {
    const RegexNode& body = node.children.front();
    const bool is_possessive = node.mode == RegexNode::Mode::kPossessive;
    if (body.kind == RegexNode::Kind::kSet && node.mode != RegexNode::Mode::kLazy) {
      program_.push_back({Op::kSetLoop, is_possessive, body.set, node.min, node.max});
    } else if (is_possessive) {
      RegexNode greedy = node;
      greedy.mode = RegexNode::Mode::kGreedy;
      emit_enclosed(Op::kAtomic, false, greedy);
    } else {
      emit_copies(node, body);
    }
  }

  void emit_copies(const RegexNode& node, const RegexNode& body) {
    for (std::uint32_t count = 0; count < node.min; ++count) emit(body);
    if (node.max == kNoRepeatLimit) {
      const std::uint32_t split = add(Op::kSplit);
      emit(body);
      program_[add(Op::kJump)].a = split;
      set_split(split, node.mode);
      return;
    }
    std::vector<std::uint32_t> splits;
    for (std::uint32_t count = node.min; count < node.max; ++count) {
      if (program_.size() > kProgramSizeMax) return;
      splits.push_back(add(Op::kSplit));
      emit(body);
    }
    for (const std::uint32_t split : splits) set_split(split, node.mode);
  }

  // The split chooses between what follows it and what comes next in the program.
  void set_split(std::uint32_t split, RegexNode::Mode mode) {
    const bool is_lazy = mode == RegexNode::Mode::kLazy;
    program_[split].a = is_lazy ? here() : split + 1;
    program_[split].b = is_lazy ? split + 1 : here();
  }

  void emit_enclosed(Op op, bool flag, const RegexNode& body) {
    const std::uint32_t start = add(op, flag);
    emit(body);
    add(Op::kAccept);
    program_[start].a = here();
  }

  std::vector<RegexInstruction> program_;
};

}  // namespace

Result<Regex> Regex::compile(std::string_view pattern) {
  TESSERA_TRY(RegexTree tree, parse_regex(pattern));
  Compiler compiler;
  if (!compiler.compile(tree.root)) {
    return Error{ErrorCode::kUnsupported,
                 "pattern \"" + std::string(pattern) + "\": its repetitions make it too large"};
  }
  Regex regex;
  regex.pattern_ = pattern;
  regex.sets_ = std::move(tree.sets);
  regex.program_ = compiler.take_program();
  return regex;
}

Regex Regex::literal(std::string_view text) {
  Regex regex;
  regex.pattern_ = text;
  for (std::size_t position = 0; position < text.size();) {
    const CodePoint next = code_point_at(text, position);
    position += next.size_bytes;
    CharacterClass set;
    set.add_range(next.value, next.value);
    set.prepare();
    regex.program_.push_back({Op::kSet, false, static_cast<std::uint32_t>(regex.sets_.size())});
    regex.sets_.push_back(std::move(set));
  }
  regex.program_.push_back({Op::kAccept});
  return regex;
}

}  // namespace tessera
