#include "tokenizer/token_model.h"

#include "base/json.h"
#include "tokenizer/bpe.h"

namespace tessera {
namespace {

struct TokenModelType {
  std::string_view name;
  Result<std::unique_ptr<TokenModel>> (*from_json)(JsonStream& json,
                                                   const std::vector<JsonSlice>& members);
};

constexpr TokenModelType kModelTypes[] = {
    {"BPE", &Bpe::from_json},
};

// Old files leave the type out: a model with merges is then a BPE model.
Result<std::string> type_name(const std::vector<JsonSlice>& members) {
  bool has_merges = false;
  for (const JsonSlice& member : members) {
    has_merges = has_merges || member.key == "merges";
    if (member.key != "type") continue;
    TESSERA_TRY(const JsonDocument document, JsonDocument::parse(member.text));
    TESSERA_TRY(const std::string_view name, document.root().string());
    return std::string(name);
  }
  if (has_merges) return std::string("BPE");
  return Error{ErrorCode::kInvalidFile, "\"type\" is missing"};
}

}  // namespace

Result<std::unique_ptr<TokenModel>> TokenModel::from_json(JsonStream& json,
                                                          std::string_view slice) {
  TESSERA_TRY(const std::vector<JsonSlice> members, json.members(slice));
  TESSERA_TRY(const std::string name, type_name(members));
  for (const TokenModelType& type : kModelTypes) {
    if (type.name == name) return type.from_json(json, members);
  }
  return Error{ErrorCode::kUnsupported, "the model type \"" + name + "\" is not supported"};
}

}  // namespace tessera
