// Turns the tokenizer in GGUF metadata into an equivalent Hugging Face tokenizer.json.
#pragma once

#include <optional>
#include <string>

#include "base/result.h"
#include "package/gguf.h"

namespace tessera {

// tokenizer.ggml.model "gpt2" (byte-level BPE; tokenizer.ggml.pre names the pre-tokenizer) and
// "llama" (SentencePiece BPE with byte fallback; merges follow from the scores). Nothing if the
// file has no tokenizer. Errors: kUnsupported naming the kind; kInvalidFile naming the key.
Result<std::optional<std::string>> gguf_tokenizer_json(const Gguf& gguf);

// {"bos_token": ..., "eos_token": ..., "unk_token": ..., "pad_token": ...}, null where there is
// none.
Result<std::string> gguf_special_tokens_json(const Gguf& gguf);

// {"end_token_ids": [...]}: the tokens that the metadata names as ends, and control tokens whose
// text is a known end of a turn.
Result<std::string> gguf_generation_json(const Gguf& gguf);

}  // namespace tessera
