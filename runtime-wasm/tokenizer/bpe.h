// Byte pair encoding (Sennrich, Haddow, Birch, 2016): a word starts as single characters, and the
// neighbours whose merge has the lowest rank are joined until no merge applies. The byte-level
// (GPT-2) and the SentencePiece-like flavours differ only in their pre-tokenizer and options.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "tokenizer/merge_table.h"
#include "tokenizer/token_model.h"

namespace tessera {

struct BpeOptions {
  bool ignore_merges = false;  // a word that is a token is not cut at all
  bool byte_fallback = false;  // an unknown character becomes the tokens <0x..> of its bytes
  bool fuse_unk = false;       // unknown characters side by side become one unknown token
  std::optional<std::string> unk_token;  // without one, unknown characters vanish
  std::string continuing_subword_prefix;
  std::string end_of_word_suffix;
};

class Bpe final : public TokenModel {
 public:
  // `members`: those of the "model" object in `json`. The result is a Bpe.
  static Result<std::unique_ptr<TokenModel>> from_json(JsonStream& json,
                                                       const std::vector<JsonSlice>& members);

  Bpe(BpeOptions options, Vocabulary vocabulary, MergeTable merges);

  const Vocabulary& vocabulary() const override { return vocabulary_; }
  std::unique_ptr<WordEncoder> make_encoder() const override;

 private:
  friend class BpeEncoder;

  std::int32_t find_character(char32_t code_point, std::string_view text) const;

  static constexpr std::size_t kCachedCharacters = 0x200;  // byte-level text consists of these

  BpeOptions options_;
  Vocabulary vocabulary_;
  MergeTable merges_;
  std::int32_t unk_id_ = kNoToken;
  std::array<std::int32_t, 256> byte_ids_;
  std::array<std::int32_t, kCachedCharacters> character_ids_;
};

}  // namespace tessera
