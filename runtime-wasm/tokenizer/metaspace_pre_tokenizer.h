// SentencePiece's way with spaces: each becomes a visible character, words are cut before it, and
// the text gets one in front.
#pragma once

#include <string>

#include "tokenizer/pre_tokenizer.h"

namespace tessera {

enum class PrependScheme { kAlways, kFirst, kNever };  // kFirst: only where the text begins

struct MetaspaceOptions {
  std::string replacement;  // one character
  PrependScheme prepend_scheme = PrependScheme::kAlways;
  bool splits = true;
};

// Shared by the pre-tokenizer and the decoder of this name.
Result<MetaspaceOptions> read_metaspace_options(const JsonObject& object);

class MetaspacePreTokenizer final : public PreTokenizer {
 public:
  explicit MetaspacePreTokenizer(MetaspaceOptions options) : options_(std::move(options)) {}

  static Result<std::unique_ptr<PreTokenizer>> from_json(const JsonObject& object);
  Result<void> split(Piece piece, PieceSink& sink) const override;

 private:
  MetaspaceOptions options_;
};

}  // namespace tessera
