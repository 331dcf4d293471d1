// A working byte-level tokenizer of any vocabulary size, for random models: every text has tokens,
// and every token has a text.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"

namespace tessera {

struct SyntheticTokenizer {
  std::string tokenizer_json;
  std::string generation_json;
  std::string special_tokens_json;
  std::string chat_template;
};

// Token 0 is <|endoftext|>, tokens 1..256 are the bytes, and all others strings of two to four
// lower-case letters. Errors: kInvalidArgument unless 257 <= vocabulary_size <= 475,000.
Result<SyntheticTokenizer> make_synthetic_tokenizer(std::int64_t vocabulary_size);

}  // namespace tessera
