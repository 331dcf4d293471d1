// Reads a tokenizer.json into a Tokenizer.
#include <algorithm>

#include "tokenizer/json_stream.h"
#include "tokenizer/tokenizer.h"

namespace tessera {
namespace {

const JsonSlice* find_member(const std::vector<JsonSlice>& members, std::string_view key) {
  for (const JsonSlice& member : members) {
    if (member.key == key) return &member;
  }
  return nullptr;
}

}  // namespace

Result<std::unique_ptr<Tokenizer>> Tokenizer::from_json(std::string_view tokenizer_json) {
  TESSERA_TRY(const std::unique_ptr<JsonStream> json, JsonStream::create(tokenizer_json));
  TESSERA_TRY(const std::vector<JsonSlice> members, json->members());
  const JsonSlice* model_slice = find_member(members, "model");
  if (model_slice == nullptr) return Error{ErrorCode::kInvalidFile, "\"model\" is missing"};
  auto model = TokenModel::from_json(*json, model_slice->text);
  if (!model) return model.error().with_context("model");

  std::unique_ptr<Tokenizer> tokenizer(new Tokenizer());
  tokenizer->model_ = std::move(model).value();
  tokenizer->vocabulary_size_ = tokenizer->model_->vocabulary().end_id();
  struct Part {
    std::string_view name;
    Result<void> (Tokenizer::*read)(const JsonValue& value);
  };
  constexpr Part kParts[] = {
      {"normalizer", &Tokenizer::read_normalizer},
      {"pre_tokenizer", &Tokenizer::read_pre_tokenizer},
      {"post_processor", &Tokenizer::read_around},
      {"decoder", &Tokenizer::read_decoder},
      {"added_tokens", &Tokenizer::read_added_tokens},  // last: they go through the normalizer
  };
  for (const Part& part : kParts) {
    const JsonSlice* slice = find_member(members, part.name);
    if (slice == nullptr || slice->text.starts_with("null")) continue;
    const auto document = JsonDocument::parse(slice->text);
    if (!document) return document.error().with_context(part.name);
    const auto read = (tokenizer.get()->*part.read)(document->root());
    if (!read) return read.error().with_context(part.name);
  }
  return tokenizer;
}

Result<void> Tokenizer::read_normalizer(const JsonValue& value) {
  TESSERA_TRY(normalizer_, Normalizer::from_json(value));
  return {};
}

Result<void> Tokenizer::read_pre_tokenizer(const JsonValue& value) {
  TESSERA_TRY(pre_tokenizer_, PreTokenizer::from_json(value));
  return {};
}

Result<void> Tokenizer::read_around(const JsonValue& value) {
  TESSERA_TRY(special_around_, read_post_processor(value));
  return {};
}

Result<void> Tokenizer::read_decoder(const JsonValue& value) {
  TESSERA_TRY(decoder_, Decoder::from_json(value));
  return {};
}

Result<void> Tokenizer::read_added_tokens(const JsonValue& value) {
  TESSERA_TRY(const auto elements, value.array());
  for (const JsonValue& element : elements) {
    TESSERA_TRY(AddedToken token, read_added_token(element));
    if (token.content.empty()) continue;
    TESSERA_TRY_VOID(place_added_token(token));
    vocabulary_size_ = std::max(vocabulary_size_, token.id + 1);
    added_tokens_.push_back(std::move(token));
  }
  return index_added_tokens();
}

// Gives the token the vocabulary's id, if that knows its text, and the text to look for.
Result<void> Tokenizer::place_added_token(AddedToken& token) const {
  const Vocabulary& vocabulary = model_->vocabulary();
  const std::int32_t known_id = vocabulary.find(token.content);
  if (known_id != kNoToken) {
    token.id = known_id;
  } else if (vocabulary.contains(token.id)) {
    return Error{ErrorCode::kInvalidFile,
                 "\"" + token.content + "\" has the id " + std::to_string(token.id) + " of \"" +
                     std::string(vocabulary.token(token.id)) + "\" in the vocabulary"};
  }
  token.searched = token.content;
  if (token.is_normalized && normalizer_ != nullptr) {
    TESSERA_TRY(token.searched, normalizer_->normalize(token.content));
  }
  return {};
}

Result<void> Tokenizer::index_added_tokens() {
  const auto by_id = [](const AddedToken& a, const AddedToken& b) { return a.id < b.id; };
  std::sort(added_tokens_.begin(), added_tokens_.end(), by_id);
  std::vector<const AddedToken*> raw;
  std::vector<const AddedToken*> normalized;
  for (std::size_t index = 0; index < added_tokens_.size(); ++index) {
    const AddedToken& token = added_tokens_[index];
    if (index > 0 && added_tokens_[index - 1].id == token.id) {
      return Error{ErrorCode::kInvalidFile, "\"" + added_tokens_[index - 1].content + "\" and \"" +
                                                token.content + "\" have the same id"};
    }
    if (token.searched.empty()) continue;  // the normalizer left nothing to look for
    (token.is_normalized ? normalized : raw).push_back(&token);
  }
  raw_finder_ = AddedTokenFinder(std::move(raw));
  normalized_finder_ = AddedTokenFinder(std::move(normalized));
  return {};
}

}  // namespace tessera
