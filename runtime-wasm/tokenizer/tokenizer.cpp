#include "tokenizer/tokenizer.h"

#include <algorithm>

#include "tokenizer/unicode.h"

namespace tessera {

// One text on its way: sections between added tokens, normalized, cut into words, encoded.
class Tokenizer::Encoding final : public PieceSink {
 public:
  Encoding(const Tokenizer& tokenizer, bool finds_special, std::vector<std::int32_t>& ids)
      : tokenizer_(tokenizer),
        finds_special_(finds_special),
        ids_(ids),
        word_encoder_(tokenizer.model_->make_encoder()) {}

  Result<void> encode(std::string_view text) {
    return tokenizer_.raw_finder_.split(
        text, finds_special_, [&](AddedTokenFinder::Part part) -> Result<void> {
          if (part.token == nullptr) {
            return encode_section(text.substr(part.begin, part.end - part.begin), part.begin == 0);
          }
          ids_.push_back(part.token->id);
          return {};
        });
  }

  Result<void> accept(Piece piece) override { return word_encoder_->encode(piece.text, ids_); }

 private:
  Result<void> encode_section(std::string_view section, bool is_at_start) {
    std::string normalized;
    if (tokenizer_.normalizer_ != nullptr) {
      TESSERA_TRY(normalized, tokenizer_.normalizer_->normalize(std::string(section)));
      section = normalized;
    }
    return tokenizer_.normalized_finder_.split(
        section, finds_special_, [&](AddedTokenFinder::Part part) -> Result<void> {
          if (part.token == nullptr) {
            return encode_piece({section.substr(part.begin, part.end - part.begin),
                                 is_at_start && part.begin == 0});
          }
          ids_.push_back(part.token->id);
          return {};
        });
  }

  Result<void> encode_piece(Piece piece) {
    if (tokenizer_.pre_tokenizer_ == nullptr) return accept(piece);
    return tokenizer_.pre_tokenizer_->split(piece, *this);
  }

  const Tokenizer& tokenizer_;
  bool finds_special_;
  std::vector<std::int32_t>& ids_;
  std::unique_ptr<WordEncoder> word_encoder_;
};

Result<std::vector<std::int32_t>> Tokenizer::encode(std::string_view text,
                                                    EncodeOptions options) const {
  constexpr std::size_t kTextSizeMax = std::size_t{1} << 30;
  if (text.size() > kTextSizeMax) {
    return Error{ErrorCode::kInvalidArgument,
                 "a text of " + std::to_string(text.size()) + " bytes is too long to tokenize"};
  }
  std::string repaired;
  if (!is_valid_utf8(text)) {
    append_as_utf8(repaired, text, true);
    text = repaired;
  }
  std::vector<std::int32_t> ids;
  if (options.add_special_tokens) ids = special_around_.before;
  Encoding encoding(*this, options.parse_special_tokens, ids);
  TESSERA_TRY_VOID(encoding.encode(text));
  if (options.add_special_tokens) {
    ids.insert(ids.end(), special_around_.behind.begin(), special_around_.behind.end());
  }
  return ids;
}

std::string Tokenizer::decode(std::span<const std::int32_t> ids, bool skip_special) const {
  DecoderRun run(decoder_);
  for (const std::int32_t id : ids) {
    if (skip_special && is_special(id)) continue;
    if (const auto text = token_text(id)) run.push(*text);
  }
  run.finish();
  return run.take_text();
}

std::string Tokenizer::token_bytes(std::int32_t id) const {
  const auto text = token_text(id);
  return text ? decoder_.token_bytes(*text) : std::string();
}

bool Tokenizer::is_special(std::int32_t id) const noexcept {
  const AddedToken* token = find_added(id);
  return token != nullptr && token->is_special;
}

std::optional<std::int32_t> Tokenizer::token_to_id(std::string_view token) const noexcept {
  for (const AddedToken& added : added_tokens_) {
    if (added.content == token) return added.id;
  }
  const std::int32_t id = model_->vocabulary().find(token);
  return id == kNoToken ? std::nullopt : std::optional(id);
}

std::optional<std::string_view> Tokenizer::token_text(std::int32_t id) const noexcept {
  if (const AddedToken* token = find_added(id)) return token->searched;
  if (!model_->vocabulary().contains(id)) return std::nullopt;
  return model_->vocabulary().token(id);
}

const AddedToken* Tokenizer::find_added(std::int32_t id) const noexcept {
  const auto found = std::lower_bound(
      added_tokens_.begin(), added_tokens_.end(), id,
      [](const AddedToken& token, std::int32_t wanted) { return token.id < wanted; });
  return found != added_tokens_.end() && found->id == id ? &*found : nullptr;
}

}  // namespace tessera
