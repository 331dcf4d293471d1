#include "server/openai/prompt_fields.h"

#include <algorithm>
#include <string>
#include <vector>

namespace tessera {

using protocol::ErrorName;
using protocol::Problem;

namespace {

Problem invalid(const std::string& param, const std::string& what) {
  return {ErrorName::kInvalidArgument, param + " " + what, param};
}

std::optional<Problem> read_part(const JsonValue& part, std::string& text) {
  const auto object = part.object();
  if (!object) return invalid(part.path(), "is not an object");
  const auto type = object->string("type");
  if (!type) return invalid(part.path() + ".type", "is not a string");
  if (*type != "text") {
    return Problem{ErrorName::kUnsupported,
                   part.path() + " is of type " + std::string(type->substr(0, 64)) +
                       "; this model takes text only",
                   part.path()};
  }
  const auto part_text = object->string("text");
  if (!part_text) return invalid(part.path() + ".text", "is not a string");
  text += *part_text;
  return std::nullopt;
}

std::optional<Problem> read_content(const JsonObject& message, const std::string& path,
                                    std::string& text) {
  const auto content = message.find("content");
  if (!content) return invalid(path + ".content", "is missing");
  switch (content->kind()) {
    case JsonKind::kString: text = *content->string(); return std::nullopt;
    case JsonKind::kNull: return std::nullopt;
    case JsonKind::kArray: break;
    default: return invalid(content->path(), "is neither a string nor a list of parts");
  }
  for (const JsonValue& part : *content->array()) {
    if (auto problem = read_part(part, text)) return problem;
  }
  return std::nullopt;
}

// A message's author, which need not be named.
std::optional<Problem> read_author(const JsonObject& message, const std::string& path,
                                   std::optional<std::string>& author) {
  const auto name = message.find("name");
  if (!name || name->is_null()) return std::nullopt;
  const auto text = name->string();
  if (!text) return invalid(path + ".name", "is not a string");
  if (text->size() > protocol::kNameBytesMax) {
    return invalid(path + ".name",
                   "has more than " + std::to_string(protocol::kNameBytesMax) + " bytes");
  }
  author = std::string(*text);
  return std::nullopt;
}

std::optional<Problem> read_message(const JsonValue& json, protocol::WireMessage& message) {
  const auto object = json.object();
  if (!object) return invalid(json.path(), "is not an object");
  const auto tool_calls = object->find("tool_calls");
  if (tool_calls && !tool_calls->is_null() && tool_calls->text() != "[]") {
    return Problem{ErrorName::kUnsupported, "tool calls are not supported here",
                   json.path() + ".tool_calls"};
  }
  const auto role = object->string("role");
  const auto names = enum_names(message.role);
  const auto name = role ? std::ranges::find(names, *role) : names.end();
  if (name == names.end()) {
    return invalid(json.path() + ".role", "is not one of system, developer, user, assistant, tool");
  }
  message.role = static_cast<protocol::WireMessageRole>(name - names.begin());
  if (auto problem = read_author(*object, json.path(), message.name)) return problem;
  return read_content(*object, json.path(), message.content);
}

std::optional<Problem> read_ids(const JsonValue& json, const std::vector<JsonValue>& items,
                                protocol::ResponseCreate& create) {
  if (items.empty() || items.size() > protocol::kPromptTokensMax) {
    return invalid(json.path(), "has " + std::to_string(items.size()) +
                                    " tokens; allowed are 1 to " +
                                    std::to_string(protocol::kPromptTokensMax));
  }
  std::vector<std::uint32_t> ids;
  for (const JsonValue& item : items) {
    const auto id = item.integer(0, 0xffffffff);
    if (!id) return invalid(item.path(), "is not a token id");
    ids.push_back(static_cast<std::uint32_t>(*id));
  }
  create.prompt_ids = std::move(ids);
  return std::nullopt;
}

}  // namespace

std::optional<Problem> read_messages(const JsonObject& object, protocol::ResponseCreate& create) {
  const auto items = object.array("messages");
  if (!items) return invalid("messages", "is missing or not a list");
  if (items->empty() || items->size() > protocol::kMessagesMax) {
    return invalid("messages", "has " + std::to_string(items->size()) +
                                   " messages; allowed are 1 to " +
                                   std::to_string(protocol::kMessagesMax));
  }
  std::vector<protocol::WireMessage> messages(items->size());
  for (std::size_t index = 0; index < items->size(); ++index) {
    if (auto problem = read_message((*items)[index], messages[index])) return problem;
  }
  create.messages = std::move(messages);
  return std::nullopt;
}

std::optional<Problem> read_prompt(const JsonObject& object, protocol::ResponseCreate& create) {
  auto prompt = object.find("prompt");
  if (!prompt || prompt->is_null()) return invalid("prompt", "is missing");
  if (const auto items = prompt->array(); items && items->size() == 1) {
    const JsonKind kind = items->front().kind();
    if (kind == JsonKind::kString || kind == JsonKind::kArray) prompt = items->front();
  }
  if (prompt->is_string()) {
    create.prompt = std::string(*prompt->string());
    return std::nullopt;
  }
  const auto items = prompt->array();
  if (!items) return invalid("prompt", "is neither a string nor a list of token ids");
  if (!items->empty() && (items->front().is_string() || items->front().is_array())) {
    return Problem{ErrorName::kUnsupported, "prompt holds several prompts; send one at a time",
                   "prompt"};
  }
  return read_ids(*prompt, *items, create);
}

std::optional<Problem> read_stop(const JsonObject& object, protocol::ResponseCreate& create) {
  const auto stop = object.find("stop");
  if (!stop || stop->is_null()) return std::nullopt;
  const auto items = stop->is_string() ? Result(std::vector<JsonValue>{*stop}) : stop->array();
  if (!items) return invalid("stop", "is neither a string nor a list of strings");
  if (items->size() > protocol::kStopStringsMax) {
    return invalid("stop",
                   "has more than " + std::to_string(protocol::kStopStringsMax) + " strings");
  }
  std::vector<std::string> strings;
  for (const JsonValue& item : *items) {
    const auto text = item.string();
    if (!text) return invalid(item.path(), "is not a string");
    if (text->size() > protocol::kStopStringBytesMax) {
      return invalid(item.path(),
                     "has more than " + std::to_string(protocol::kStopStringBytesMax) + " bytes");
    }
    if (!text->empty()) strings.emplace_back(*text);
  }
  if (!strings.empty()) create.stop = std::move(strings);
  return std::nullopt;
}

}  // namespace tessera
