// Text to ids and back, and whole forward passes for verification.
#include <algorithm>
#include <limits>
#include <utility>

#include "bindings/methods.h"

namespace tessera {
namespace {

Result<const Tokenizer*> tokenizer_of(const LoadedModel& loaded) {
  const Tokenizer* tokenizer = loaded.model->tokenizer();
  if (tokenizer != nullptr) return tokenizer;
  return Error{ErrorCode::kUnsupported, "the package has no tokenizer; give token ids"};
}

}  // namespace

Result<std::vector<std::int32_t>> read_ids(const std::vector<JsonValue>& values) {
  std::vector<std::int32_t> ids;
  ids.reserve(values.size());
  for (const JsonValue& value : values) {
    TESSERA_TRY(const std::int64_t id, value.integer(0, std::numeric_limits<std::int32_t>::max()));
    ids.push_back(static_cast<std::int32_t>(id));
  }
  return ids;
}

void write_ids(std::span<const std::int32_t> ids, JsonWriter& reply) {
  reply.begin_array();
  for (const std::int32_t id : ids) reply.integer(id);
  reply.end_array();
}

// With "plain", what looks like a special token is text like any other.
Result<void> tokenize(ModelTable& models, const JsonObject& parameters, JsonWriter& reply) {
  TESSERA_TRY(const LoadedModel* loaded, models.find_ready(parameters));
  TESSERA_TRY(const Tokenizer* tokenizer, tokenizer_of(*loaded));
  TESSERA_TRY(const std::string_view text, parameters.string("text"));
  TESSERA_TRY(const auto is_plain, parameters.optional_boolean("plain"));
  const EncodeOptions options{.parse_special_tokens = !is_plain.value_or(false)};
  TESSERA_TRY(const auto ids, tokenizer->encode(text, options));
  reply.begin_object().key("ids");
  write_ids(ids, reply);
  reply.end_object();
  return {};
}

Result<void> detokenize(ModelTable& models, const JsonObject& parameters, JsonWriter& reply) {
  TESSERA_TRY(const LoadedModel* loaded, models.find_ready(parameters));
  TESSERA_TRY(const Tokenizer* tokenizer, tokenizer_of(*loaded));
  TESSERA_TRY(const auto values, parameters.array("ids"));
  TESSERA_TRY(const auto ids, read_ids(values));
  reply.begin_object().key("text").string(tokenizer->decode(ids, false)).end_object();
  return {};
}

// Logits of all the ids, [ids, vocabulary_size] f32, chunk by chunk; the ids follow the first
// "after" tokens that were run last, 0 by default. Where the backend delivers later the reply is
// {"waiting": true}, and the call is repeated with "resume".
Result<void> forward(ModelTable& models, const JsonObject& parameters, JsonWriter& reply) {
  TESSERA_TRY(LoadedModel * loaded, models.find_ready(parameters));
  TESSERA_TRY(const auto resumes, parameters.optional_boolean("resume"));
  if (!resumes.value_or(false)) {
    TESSERA_TRY(const auto values, parameters.array("ids"));
    TESSERA_TRY(auto ids, read_ids(values));
    TESSERA_TRY(const auto after,
                parameters.optional_integer("after", 0, std::numeric_limits<std::int32_t>::max()));
    TESSERA_TRY_VOID(loaded->generator->begin_forward_all(
        std::move(ids), static_cast<std::size_t>(after.value_or(0))));
  }
  TESSERA_TRY(auto logits, loaded->generator->continue_forward_all());
  reply.begin_object();
  if (!logits) {
    reply.key("waiting").boolean(true).end_object();
    return {};
  }
  loaded->logits = std::move(*logits);
  const std::int64_t columns = loaded->model->decoder().configuration().vocabulary_size;
  reply.key("rows").integer(static_cast<std::int64_t>(loaded->logits.size()) / columns);
  reply.key("columns").integer(columns);
  reply.key("pointer").integer(
      static_cast<std::int64_t>(reinterpret_cast<std::uintptr_t>(loaded->logits.data())));
  reply.end_object();
  return {};
}

}  // namespace tessera
