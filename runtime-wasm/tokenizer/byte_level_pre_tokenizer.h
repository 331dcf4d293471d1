// Byte-level pre-tokenization (GPT-2): cuts by GPT-2's pattern, if asked to, and writes each byte
// as its own character.
#pragma once

#include <optional>

#include "tokenizer/pre_tokenizer.h"
#include "tokenizer/regex.h"

namespace tessera {

class ByteLevelPreTokenizer final : public PreTokenizer {
 public:
  // Without a pattern, a piece stays whole.
  ByteLevelPreTokenizer(bool adds_prefix_space, std::optional<Regex> pattern)
      : adds_prefix_space_(adds_prefix_space), pattern_(std::move(pattern)) {}

  static Result<std::unique_ptr<PreTokenizer>> from_json(const JsonObject& object);
  Result<void> split(Piece piece, PieceSink& sink) const override;

 private:
  bool adds_prefix_space_;
  std::optional<Regex> pattern_;
};

}  // namespace tessera
