#include "protocol/read_message.h"

#include <charconv>

#include "protocol/field_reader.h"

namespace tessera::protocol {

std::string FieldReader::short_text(double value) {
  char text[32];
  const auto result = std::to_chars(text, text + sizeof text, value);
  return std::string(text, result.ptr);
}

namespace {

// Tries the alternatives of a variant in turn until one has the type's name.
template <typename Message, std::size_t kIndex = 0>
std::optional<ReadResult<Message>> read_alternative(std::string_view type,
                                                    const JsonObject& object) {
  if constexpr (kIndex < std::variant_size_v<Message>) {
    using Alternative = std::variant_alternative_t<kIndex, Message>;
    if (type != Alternative::kType) return read_alternative<Message, kIndex + 1>(type, object);
    Message message(std::in_place_index<kIndex>);
    FieldReader reader(object);
    visit_fields(std::get<kIndex>(message), reader);
    if (reader.problem()) return Refusal{*reader.problem(), {}};
    return message;
  } else {
    return std::nullopt;
  }
}

template <typename Message, std::size_t kIndex = 0>
bool has_type(std::string_view type) {
  if constexpr (kIndex < std::variant_size_v<Message>) {
    if (type == std::variant_alternative_t<kIndex, Message>::kType) return true;
    return has_type<Message, kIndex + 1>(type);
  } else {
    return false;
  }
}

// `Other` are the messages that the other role may send.
template <typename Message, typename Other>
ReadResult<Message> read_as(std::string_view text) {
  const auto document = JsonDocument::parse(text);
  if (!document) {
    return Refusal{
        {ErrorName::kInvalidMessage, "the message is not JSON: " + document.error().message, {}},
        {}};
  }
  const auto object = document->root().object();
  const auto type = object ? object->string("type") : Result<std::string_view>(object.error());
  if (!type) {
    const char* what = "the message is not an object with a string member \"type\"";
    return Refusal{{ErrorName::kInvalidMessage, what, {}}, {}};
  }
  const auto event_id = object->string("event_id");
  const bool has_event_id = event_id && event_id->size() <= kEventIdBytesMax;
  const std::string id(has_event_id ? *event_id : std::string_view());
  if (auto result = read_alternative<Message>(*type, *object)) {
    if (auto* refusal = std::get_if<Refusal>(&*result)) refusal->event_id = id;
    return std::move(*result);
  }
  const std::string name(type->substr(0, kNameBytesMax));
  if (has_type<Other>(*type)) {
    return Refusal{{ErrorName::kWrongRole, name + " may not be sent in this role", {}}, id};
  }
  return Refusal{{ErrorName::kUnknownType, "no message is called " + name, {}}, id};
}

}  // namespace

ReadResult<RunnerMessage> read_runner_message(std::string_view text) {
  return read_as<RunnerMessage, ClientMessage>(text);
}
ReadResult<ClientMessage> read_client_message(std::string_view text) {
  return read_as<ClientMessage, RunnerMessage>(text);
}
ReadResult<MessageToRunner> read_message_to_runner(std::string_view text) {
  return read_as<MessageToRunner, MessageToRunner>(text);
}
ReadResult<MessageToClient> read_message_to_client(std::string_view text) {
  return read_as<MessageToClient, MessageToClient>(text);
}

}  // namespace tessera::protocol
