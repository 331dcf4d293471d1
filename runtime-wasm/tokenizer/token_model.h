// A tokenization model: cuts one word, as the pre-tokenizer delivers it, into tokens.
// A further model (WordPiece, Unigram) is a subclass in its own file and a row in token_model.cpp.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "tokenizer/json_stream.h"
#include "tokenizer/vocabulary.h"

namespace tessera {

// Encodes words one after the other and keeps its working memory between them. It refers to its
// model, which must outlive it.
class WordEncoder {
 public:
  virtual ~WordEncoder() = default;
  // Appends the ids of `word`, which is nonempty valid UTF-8.
  virtual Result<void> encode(std::string_view word, std::vector<std::int32_t>& ids) = 0;
};

class TokenModel {
 public:
  // Reads the "model" of a tokenizer.json, a slice of `json`. Errors: kUnsupported for a model type
  // that is not implemented.
  static Result<std::unique_ptr<TokenModel>> from_json(JsonStream& json, std::string_view slice);

  virtual ~TokenModel() = default;
  virtual const Vocabulary& vocabulary() const = 0;
  virtual std::unique_ptr<WordEncoder> make_encoder() const = 0;
};

}  // namespace tessera
