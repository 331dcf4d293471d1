#include "tokenizer/bpe.h"

#include "base/json.h"
#include "tokenizer/bpe_encoder.h"
#include "tokenizer/unicode.h"

namespace tessera {
namespace {

Result<BpeOptions> read_options(const std::vector<JsonSlice>& members) {
  std::string text = "{";
  for (const JsonSlice& member : members) {
    for (const std::string_view name :
         {"dropout", "unk_token", "continuing_subword_prefix", "end_of_word_suffix", "fuse_unk",
          "byte_fallback", "ignore_merges"}) {
      if (member.key != name) continue;
      text += (text.size() > 1 ? ",\"" : "\"") + member.key + "\":" + std::string(member.text);
    }
  }
  TESSERA_TRY(const JsonDocument document, JsonDocument::parse(text + "}"));
  TESSERA_TRY(const JsonObject object, document.root().object());
  BpeOptions options;
  TESSERA_TRY(const auto dropout, object.optional_number("dropout"));
  TESSERA_TRY(const auto unk_token, object.optional_string("unk_token"));
  TESSERA_TRY(const auto prefix, object.optional_string("continuing_subword_prefix"));
  TESSERA_TRY(const auto suffix, object.optional_string("end_of_word_suffix"));
  TESSERA_TRY(const auto fuse_unk, object.optional_boolean("fuse_unk"));
  TESSERA_TRY(const auto byte_fallback, object.optional_boolean("byte_fallback"));
  TESSERA_TRY(const auto ignore_merges, object.optional_boolean("ignore_merges"));
  if (dropout.value_or(0) != 0) {
    return Error{ErrorCode::kUnsupported, "\"dropout\" is for training and must be null"};
  }
  if (unk_token) options.unk_token = std::string(*unk_token);
  options.continuing_subword_prefix = prefix.value_or("");
  options.end_of_word_suffix = suffix.value_or("");
  options.fuse_unk = fuse_unk.value_or(false);
  options.byte_fallback = byte_fallback.value_or(false);
  options.ignore_merges = ignore_merges.value_or(false);
  return options;
}

Result<Vocabulary> read_vocabulary(JsonStream& json, std::string_view slice) {
  Vocabulary vocabulary;
  TESSERA_TRY_VOID(json.for_each_integer(
      slice, [&](std::string_view token, std::int64_t id) { return vocabulary.add(token, id); }));
  TESSERA_TRY_VOID(vocabulary.build_index());
  return vocabulary;
}

Result<std::vector<MergeTable::Merge>> read_merges(JsonStream& json, std::string_view slice,
                                                   const Vocabulary& vocabulary,
                                                   std::string_view prefix) {
  std::vector<MergeTable::Merge> merges;
  std::string merged;
  const auto find = [&](std::string_view token) -> Result<std::int32_t> {
    const std::int32_t id = vocabulary.find(token);
    if (id != kNoToken) return id;
    return Error{ErrorCode::kInvalidFile, "merge " + std::to_string(merges.size()) +
                                              " needs the token \"" + std::string(token) +
                                              "\", which is not in the vocabulary"};
  };
  TESSERA_TRY_VOID(
      json.for_each_pair(slice, [&](std::string_view left, std::string_view right) -> Result<void> {
        TESSERA_TRY(const std::int32_t left_id, find(left));
        TESSERA_TRY(const std::int32_t right_id, find(right));
        merged = left;
        // The right half loses its marker. (It has one, or it could not stand behind another.)
        merged += right.substr(std::min(prefix.size(), right.size()));
        TESSERA_TRY(const std::int32_t merged_id, find(merged));
        merges.push_back({left_id, right_id, static_cast<std::uint32_t>(merges.size()), merged_id});
        return {};
      }));
  return merges;
}

Result<std::string_view> require(const std::vector<JsonSlice>& members, std::string_view key) {
  for (const JsonSlice& member : members) {
    if (member.key == key) return member.text;
  }
  return Error{ErrorCode::kInvalidFile, "\"" + std::string(key) + "\" is missing"};
}

// The error of a result, if it is one, with the member it belongs to.
template <typename T>
Result<T> within(std::string_view context, Result<T> result) {
  if (result) return result;
  return result.error().with_context(context);
}

}  // namespace

Result<std::unique_ptr<TokenModel>> Bpe::from_json(JsonStream& json,
                                                   const std::vector<JsonSlice>& members) {
  TESSERA_TRY(BpeOptions options, read_options(members));
  TESSERA_TRY(const std::string_view vocabulary_slice, require(members, "vocab"));
  TESSERA_TRY(const std::string_view merges_slice, require(members, "merges"));
  TESSERA_TRY(Vocabulary vocabulary, within("vocab", read_vocabulary(json, vocabulary_slice)));
  TESSERA_TRY(const std::vector<MergeTable::Merge> merges,
              within("merges", read_merges(json, merges_slice, vocabulary,
                                           options.continuing_subword_prefix)));
  return std::unique_ptr<TokenModel>(
      std::make_unique<Bpe>(std::move(options), std::move(vocabulary), MergeTable(merges)));
}

Bpe::Bpe(BpeOptions options, Vocabulary vocabulary, MergeTable merges)
    : options_(std::move(options)), vocabulary_(std::move(vocabulary)), merges_(std::move(merges)) {
  if (options_.unk_token) unk_id_ = vocabulary_.find(*options_.unk_token);
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  for (std::size_t byte = 0; byte < byte_ids_.size(); ++byte) {
    byte_ids_[byte] =
        vocabulary_.find(std::string("<0x") + kDigits[byte / 16] + kDigits[byte % 16] + ">");
  }
  std::string character;
  for (char32_t code_point = 0; code_point < kCachedCharacters; ++code_point) {
    character.clear();
    append_code_point(character, code_point);
    character_ids_[code_point] = vocabulary_.find(character);
  }
}

std::unique_ptr<WordEncoder> Bpe::make_encoder() const {
  return std::make_unique<BpeEncoder>(*this);
}

std::int32_t Bpe::find_character(char32_t code_point, std::string_view text) const {
  return code_point < kCachedCharacters ? character_ids_[code_point] : vocabulary_.find(text);
}

}  // namespace tessera
