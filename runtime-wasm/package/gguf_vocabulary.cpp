#include "package/gguf_vocabulary.h"

namespace tessera {

GgufTokenKind GgufVocabulary::kind(std::size_t id) const {
  if (kinds == nullptr) return GgufTokenKind::kNormal;
  const std::int64_t kind = (*kinds)[id];
  return kind >= 1 && kind <= 6 ? static_cast<GgufTokenKind>(kind) : GgufTokenKind::kNormal;
}

Result<std::optional<std::string>> GgufVocabulary::token_under(const Gguf& gguf,
                                                               std::string_view key) const {
  TESSERA_TRY(const auto id, gguf.optional_integer(key, -1, 0xffffffff));
  if (!id || *id < 0 || *id == 0xffffffff) return std::optional<std::string>();
  const auto index = static_cast<std::size_t>(*id);
  if (index >= tokens->size()) {
    return Error{ErrorCode::kInvalidFile, "metadata key " + std::string(key) + " is " +
                                              std::to_string(*id) + ", but there are " +
                                              std::to_string(tokens->size()) + " tokens"};
  }
  return std::optional<std::string>((*tokens)[index]);
}

Result<GgufVocabulary> gguf_vocabulary(const Gguf& gguf) {
  GgufVocabulary vocabulary;
  TESSERA_TRY(vocabulary.tokens, gguf.strings("tokenizer.ggml.tokens"));
  TESSERA_TRY(vocabulary.kinds, gguf.integers("tokenizer.ggml.token_type"));
  TESSERA_TRY(vocabulary.scores, gguf.numbers("tokenizer.ggml.scores"));
  if (vocabulary.tokens == nullptr) {
    return Error{ErrorCode::kInvalidFile, "metadata key tokenizer.ggml.tokens is missing"};
  }
  const std::size_t count = vocabulary.tokens->size();
  if ((vocabulary.kinds != nullptr && vocabulary.kinds->size() != count) ||
      (vocabulary.scores != nullptr && vocabulary.scores->size() != count)) {
    return Error{ErrorCode::kInvalidFile,
                 "tokenizer.ggml.tokens, .token_type and .scores have different lengths"};
  }
  return vocabulary;
}

}  // namespace tessera
