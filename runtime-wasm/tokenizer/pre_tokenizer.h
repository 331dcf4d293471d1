// Pre-tokenizers: they cut a normalized text into the words that the model encodes one by one.
// A further one is a class in a file of its own and a row in pre_tokenizer.cpp.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"

namespace tessera {

// A part of the text; nonempty valid UTF-8.
struct Piece {
  std::string_view text;
  bool is_at_start;  // the whole text begins with it
};

class PieceSink {
 public:
  virtual ~PieceSink() = default;
  virtual Result<void> accept(Piece piece) = 0;
};

class PreTokenizer {
 public:
  // Reads the "pre_tokenizer" of a tokenizer.json. Errors: kUnsupported for a type or a pattern
  // that is not implemented.
  static Result<std::unique_ptr<PreTokenizer>> from_json(const JsonValue& value);

  virtual ~PreTokenizer() = default;
  // Hands the parts of `piece` to `sink`, in order. They live as long as the call to the sink.
  virtual Result<void> split(Piece piece, PieceSink& sink) const = 0;
};

// One pre-tokenizer after the other, each on the parts of the one before.
class PreTokenizerSequence final : public PreTokenizer {
 public:
  explicit PreTokenizerSequence(std::vector<std::unique_ptr<PreTokenizer>> steps)
      : steps_(std::move(steps)) {}

  static Result<std::unique_ptr<PreTokenizer>> from_json(const JsonObject& object);
  Result<void> split(Piece piece, PieceSink& sink) const override;

 private:
  std::vector<std::unique_ptr<PreTokenizer>> steps_;
};

}  // namespace tessera
