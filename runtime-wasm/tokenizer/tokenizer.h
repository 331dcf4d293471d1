// Tokenizer: text to token ids and back, as a Hugging Face tokenizer.json describes it. The parts
// (added tokens, normalizer, pre-tokenizer, model, post-processor, decoder) mean what they mean
// there; "truncation" and "padding" are left to the caller.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "tokenizer/added_tokens.h"
#include "tokenizer/decoder.h"
#include "tokenizer/normalizer.h"
#include "tokenizer/post_processor.h"
#include "tokenizer/pre_tokenizer.h"
#include "tokenizer/token_model.h"

namespace tessera {

struct EncodeOptions {
  // Put the post-processor's tokens around the text, such as a beginning-of-text token.
  bool add_special_tokens = false;
  // Special tokens written in the text become their ids; otherwise they are text like any other.
  bool parse_special_tokens = true;
};

// Immutable once made, and so safe to use from several threads.
class Tokenizer {
 public:
  // Errors: kInvalidFile naming what is damaged; kUnsupported naming the part or the pattern that
  // is not implemented.
  static Result<std::unique_ptr<Tokenizer>> from_json(std::string_view tokenizer_json);

  Tokenizer(const Tokenizer&) = delete;
  Tokenizer& operator=(const Tokenizer&) = delete;

  // What is no UTF-8 in `text` counts as U+FFFD. Errors: kInvalidArgument for more than 2^30 bytes,
  // kUnsupported for a text on which a pattern takes far too long.
  Result<std::vector<std::int32_t>> encode(std::string_view text, EncodeOptions options = {}) const;

  // Valid UTF-8: bytes that form no character become U+FFFD. Unknown ids are left out, and special
  // tokens if `skip_special`. StreamDecoder does the same bit by bit.
  std::string decode(std::span<const std::int32_t> ids, bool skip_special = false) const;

  // One more than the largest id.
  std::int32_t vocabulary_size() const noexcept { return vocabulary_size_; }

  // What a token adds to a text, apart from changes at the text's ends: any bytes, perhaps part of
  // a character. Empty for an unknown id.
  std::string token_bytes(std::int32_t id) const;
  bool is_special(std::int32_t id) const noexcept;
  std::optional<std::int32_t> token_to_id(std::string_view token) const noexcept;

  // For StreamDecoder: the token's text as the decoder takes it, nothing for an unknown id.
  std::optional<std::string_view> token_text(std::int32_t id) const noexcept;
  const Decoder& decoder() const noexcept { return decoder_; }

 private:
  class Encoding;

  Tokenizer() = default;
  Result<void> read_normalizer(const JsonValue& value);
  Result<void> read_pre_tokenizer(const JsonValue& value);
  Result<void> read_around(const JsonValue& value);
  Result<void> read_decoder(const JsonValue& value);
  Result<void> read_added_tokens(const JsonValue& value);
  Result<void> place_added_token(AddedToken& token) const;
  Result<void> index_added_tokens();
  const AddedToken* find_added(std::int32_t id) const noexcept;

  std::unique_ptr<TokenModel> model_;
  std::vector<AddedToken> added_tokens_;         // by id
  AddedTokenFinder raw_finder_;                  // for those looked for in the text as it is
  AddedTokenFinder normalized_finder_;           // for those looked for in the normalized text
  std::unique_ptr<Normalizer> normalizer_;       // or null
  std::unique_ptr<PreTokenizer> pre_tokenizer_;  // or null
  SpecialTokensAround special_around_;
  Decoder decoder_;
  std::int32_t vocabulary_size_ = 0;
};

}  // namespace tessera
