// Cuts at the matches of a pattern: Split itself, and the pre-tokenizers that are a Split with a
// pattern of their own (Digits, Punctuation, Whitespace, WhitespaceSplit).
#pragma once

#include "tokenizer/pre_tokenizer.h"
#include "tokenizer/regex.h"
#include "tokenizer/split_behavior.h"

namespace tessera {

class SplitPreTokenizer final : public PreTokenizer {
 public:
  // If inverted, what the pattern does not match is the delimiter.
  SplitPreTokenizer(Regex pattern, SplitBehavior behavior, bool is_inverted)
      : pattern_(std::move(pattern)), behavior_(behavior), is_inverted_(is_inverted) {}

  static Result<std::unique_ptr<PreTokenizer>> from_json(const JsonObject& object);
  static Result<std::unique_ptr<PreTokenizer>> digits_from_json(const JsonObject& object);
  static Result<std::unique_ptr<PreTokenizer>> punctuation_from_json(const JsonObject& object);
  static Result<std::unique_ptr<PreTokenizer>> whitespace_from_json(const JsonObject& object);
  static Result<std::unique_ptr<PreTokenizer>> whitespace_split_from_json(const JsonObject& object);

  Result<void> split(Piece piece, PieceSink& sink) const override;

 private:
  Regex pattern_;
  SplitBehavior behavior_;
  bool is_inverted_;
};

}  // namespace tessera
