// The backtracking matcher. It keeps its own stack, so a long text cannot exhaust the program's.
#include "tokenizer/regex.h"

namespace tessera {
namespace {

// Patterns in use take some ten steps a character. The limit stops those that take exponential
// time.
constexpr std::size_t kStepsBase = 10'000;
constexpr std::size_t kStepsPerByte = 1'000;

}  // namespace

RegexMatches::RegexMatches(const Regex& regex, std::string_view text)
    : regex_(regex), text_(text), steps_left_(kStepsBase + kStepsPerByte * text.size()) {}

bool RegexMatches::next(Match& match) {
  while (search_from_ <= text_.size()) {
    const std::size_t begin = search_from_;
    const std::size_t end = match_at(0, begin);
    if (steps_left_ == 0) return false;
    const bool is_found = end != kNone && (end > begin || last_end_ != begin);
    const bool is_stuck = end == kNone || end == begin;
    search_from_ = !is_stuck              ? end
                   : begin < text_.size() ? begin + code_point_at(text_, begin).size_bytes
                                          : begin + 1;
    if (is_found) {
      last_end_ = end;
      match = {begin, end};
      return true;
    }
  }
  return false;
}

Result<void> RegexMatches::status() const {
  if (steps_left_ > 0) return {};
  return Error{ErrorCode::kUnsupported, "the pattern \"" + regex_.pattern() +
                                            "\" takes too many steps on a text of " +
                                            std::to_string(text_.size()) + " bytes"};
}

// Returns where the match ends, or kNone.
std::size_t RegexMatches::match_at(std::size_t program_counter, std::size_t position) {
  const std::size_t base = frames_.size();
  while (steps_left_ > 0) {
    --steps_left_;
    const RegexInstruction& instruction = regex_.program_[program_counter];
    if (instruction.op == RegexInstruction::Op::kAccept) {
      frames_.resize(base);
      return position;
    }
    if (!step(instruction, program_counter, position) &&
        !backtrack(base, program_counter, position)) {
      return kNone;
    }
  }
  frames_.resize(base);
  return kNone;
}

bool RegexMatches::step(const RegexInstruction& instruction, std::size_t& program_counter,
                        std::size_t& position) {
  using Op = RegexInstruction::Op;
  const std::size_t here = program_counter++;
  switch (instruction.op) {
    case Op::kSet: {
      if (position == text_.size()) return false;
      const CodePoint next = code_point_at(text_, position);
      if (!regex_.sets_[instruction.a].contains(next.value)) return false;
      position += next.size_bytes;
      return true;
    }
    case Op::kSetLoop: return loop_over_set(instruction, here, position);
    case Op::kSplit:
      frames_.push_back({instruction.b, position, position});
      program_counter = instruction.a;
      return true;
    case Op::kJump: program_counter = instruction.a; return true;
    case Op::kLookahead: {
      const bool is_found = match_at(here + 1, position) != kNone;
      program_counter = instruction.a;
      return is_found != instruction.flag;
    }
    case Op::kAtomic: {
      const std::size_t end = match_at(here + 1, position);
      program_counter = instruction.a;
      if (end != kNone) position = end;
      return end != kNone;
    }
    case Op::kLineStart:
      return position == 0 || (text_[position - 1] == '\n' && position < text_.size());
    case Op::kLineEnd: return position == text_.size() || text_[position] == '\n';
    case Op::kTextStart: return position == 0;
    case Op::kTextEnd: return position == text_.size();
    case Op::kAccept: break;
  }
  return false;
}

bool RegexMatches::loop_over_set(const RegexInstruction& instruction, std::size_t program_counter,
                                 std::size_t& position) {
  const CharacterClass& set = regex_.sets_[instruction.a];
  std::size_t minimum = position;
  std::uint32_t count = 0;
  while (count < instruction.c && position < text_.size()) {
    const CodePoint next = code_point_at(text_, position);
    if (!set.contains(next.value)) break;
    position += next.size_bytes;
    if (++count <= instruction.b) minimum = position;
  }
  steps_left_ -= count < steps_left_ ? count : steps_left_;
  if (count < instruction.b) return false;
  if (!instruction.flag && position > minimum) {
    frames_.push_back({program_counter + 1, position, minimum});
  }
  return true;
}

bool RegexMatches::backtrack(std::size_t base, std::size_t& program_counter,
                             std::size_t& position) {
  if (frames_.size() == base) return false;
  Frame& frame = frames_.back();
  if (frame.position > frame.minimum) frame.position = previous_position(text_, frame.position);
  program_counter = frame.program_counter;
  position = frame.position;
  if (frame.position == frame.minimum) frames_.pop_back();
  return true;
}

}  // namespace tessera
