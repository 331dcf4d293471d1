// The table of tokenizer.ggml.pre: how text is cut into words before byte pair encoding.
#pragma once

#include <string_view>

#include "base/result.h"

namespace tessera {

struct GgufPreTokenizer {
  std::string_view name;                // tokenizer.ggml.pre
  std::string_view pre_tokenizer_json;  // as in tokenizer.json
  std::string_view normalizer_json;
  bool ignore_merges;   // a word that is a token is not cut
  bool adds_beginning;  // where tokenizer.ggml.add_bos_token is absent
};

// Errors: kUnsupported naming the pre-tokenizer.
Result<const GgufPreTokenizer*> gguf_pre_tokenizer(std::string_view name);

}  // namespace tessera
