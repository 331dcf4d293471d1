// Post-processing: the special tokens around an encoded text, such as a beginning-of-text token.
#pragma once

#include <cstdint>
#include <vector>

#include "base/json.h"
#include "base/result.h"

namespace tessera {

struct SpecialTokensAround {
  std::vector<std::int32_t> before;
  std::vector<std::int32_t> behind;
};

// Reads the "post_processor" of a tokenizer.json, as far as it concerns single texts. Errors:
// kUnsupported for a type not implemented, or a template that holds the text not exactly once.
Result<SpecialTokensAround> read_post_processor(const JsonValue& value);

}  // namespace tessera
