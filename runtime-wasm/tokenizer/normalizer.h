// Normalizers: what is done to a text before it is cut into words.
#pragma once

#include <memory>
#include <string>

#include "base/json.h"
#include "base/result.h"

namespace tessera {

class Normalizer {
 public:
  // Reads the "normalizer" of a tokenizer.json. Errors: kUnsupported for a type not implemented.
  static Result<std::unique_ptr<Normalizer>> from_json(const JsonValue& value);

  virtual ~Normalizer() = default;
  // REQUIRES: `text` is valid UTF-8; so is the result.
  virtual Result<std::string> normalize(std::string text) const = 0;
};

}  // namespace tessera
