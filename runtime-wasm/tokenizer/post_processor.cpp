#include "tokenizer/post_processor.h"

#include "tokenizer/vocabulary.h"

namespace tessera {
namespace {

using AroundResult = Result<SpecialTokensAround>;

Result<void> append_ids(const JsonObject& special_tokens, std::string_view name,
                        std::vector<std::int32_t>& ids) {
  TESSERA_TRY(const JsonObject token, special_tokens.object(name));
  TESSERA_TRY(const auto values, token.array("ids"));
  for (const JsonValue& value : values) {
    TESSERA_TRY(const std::int64_t id, value.integer(0, kTokenIdMax));
    ids.push_back(static_cast<std::int32_t>(id));
  }
  return {};
}

// "single": a list of {"SpecialToken": {"id": name}} and {"Sequence": {"id": "A"}}.
AroundResult read_template(const JsonObject& object) {
  TESSERA_TRY(const auto pieces, object.array("single"));
  TESSERA_TRY(const JsonObject special_tokens, object.object("special_tokens"));
  SpecialTokensAround around;
  std::size_t texts = 0;
  for (const JsonValue& value : pieces) {
    TESSERA_TRY(const JsonObject piece, value.object());
    TESSERA_TRY(const auto special, piece.optional_object("SpecialToken"));
    if (!special) {
      TESSERA_TRY_VOID(piece.require("Sequence"));
      ++texts;
      continue;
    }
    TESSERA_TRY(const std::string_view name, special->string("id"));
    TESSERA_TRY_VOID(append_ids(special_tokens, name, texts == 0 ? around.before : around.behind));
  }
  if (texts != 1) {
    return Error{ErrorCode::kUnsupported,
                 object.value().path() + ": a template must hold the text exactly once"};
  }
  return around;
}

// BERT's and RoBERTa's: "cls" and "sep" are pairs of text and id.
AroundResult read_cls_and_sep(const JsonObject& object) {
  SpecialTokensAround around;
  const auto read = [&](std::string_view name, std::vector<std::int32_t>& ids) -> Result<void> {
    TESSERA_TRY(const auto pair, object.array(name));
    if (pair.size() != 2) return object.value().error("a pair of text and id is expected");
    TESSERA_TRY(const std::int64_t id, pair[1].integer(0, kTokenIdMax));
    ids.push_back(static_cast<std::int32_t>(id));
    return {};
  };
  TESSERA_TRY_VOID(read("cls", around.before));
  TESSERA_TRY_VOID(read("sep", around.behind));
  return around;
}

// Each processor puts its tokens around what the ones before it made.
AroundResult read_sequence(const JsonObject& object) {
  TESSERA_TRY(const auto values, object.array("processors"));
  SpecialTokensAround around;
  for (const JsonValue& value : values) {
    TESSERA_TRY(const SpecialTokensAround outer, read_post_processor(value));
    around.before.insert(around.before.begin(), outer.before.begin(), outer.before.end());
    around.behind.insert(around.behind.end(), outer.behind.begin(), outer.behind.end());
  }
  return around;
}

// The byte-level processor only corrects offsets, which nobody here asks for.
AroundResult read_nothing(const JsonObject&) {
  return SpecialTokensAround{};
}

struct PostProcessorType {
  std::string_view name;
  AroundResult (*read)(const JsonObject& object);
};

constexpr PostProcessorType kPostProcessorTypes[] = {
    {"BertProcessing", &read_cls_and_sep},    {"ByteLevel", &read_nothing},
    {"RobertaProcessing", &read_cls_and_sep}, {"Sequence", &read_sequence},
    {"TemplateProcessing", &read_template},
};

}  // namespace

Result<SpecialTokensAround> read_post_processor(const JsonValue& value) {
  TESSERA_TRY(const JsonObject object, value.object());
  TESSERA_TRY(const std::string_view name, object.string("type"));
  for (const PostProcessorType& type : kPostProcessorTypes) {
    if (type.name == name) return type.read(object);
  }
  return Error{ErrorCode::kUnsupported, value.path() + ": the post-processor \"" +
                                            std::string(name) + "\" is not supported"};
}

}  // namespace tessera
