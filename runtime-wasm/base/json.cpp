#include "base/json.h"

#include <bit>
#include <type_traits>

#include "simdjson.h"

namespace tessera {
namespace {

using simdjson::dom::element;
using simdjson::dom::element_type;

// A simdjson element is a pointer and a tape index. Views keep the two as plain values, so that
// json.h does not draw in simdjson's header.
struct Handle {
  const void* document;
  std::size_t index;
};
static_assert(sizeof(Handle) == sizeof(element) && std::is_trivially_copyable_v<element>);

Handle handle_of(const element& value) {
  return std::bit_cast<Handle>(value);
}

element element_at(const void* document, std::size_t index) {
  return std::bit_cast<element>(Handle{document, index});
}

std::string_view kind_name(JsonKind kind) {
  switch (kind) {
    case JsonKind::kNull: return "null";
    case JsonKind::kBoolean: return "a boolean";
    case JsonKind::kInteger: return "an integer";
    case JsonKind::kNumber: return "a number";
    case JsonKind::kString: return "a string";
    case JsonKind::kArray: return "an array";
    case JsonKind::kObject: return "an object";
  }
  return "null";
}

// Steps from `current` towards the value at `target`, appending to `path`: a child's values follow
// it on the tape, so the way leads through the last child that does not lie behind the target.
bool descend(element& current, std::size_t target, std::string& path) {
  std::optional<element> next;
  std::string step;
  if (current.is_object()) {
    std::string_view last_key;
    for (const auto field : simdjson::dom::object(current.get_object().value_unsafe())) {
      if (handle_of(field.value).index > target) break;
      next = field.value;
      last_key = field.key;
    }
    step = path.empty() ? std::string(last_key) : "." + std::string(last_key);
  } else if (current.is_array()) {
    std::size_t count = 0;
    for (const element child : simdjson::dom::array(current.get_array().value_unsafe())) {
      if (handle_of(child).index > target) break;
      next = child;
      ++count;
    }
    step = "[" + std::to_string(count == 0 ? 0 : count - 1) + "]";
  }
  if (!next) return false;
  path += step;
  current = *next;
  return true;
}

}  // namespace

JsonKind JsonValue::kind() const {
  switch (element_at(document_, index_).type()) {
    case element_type::ARRAY: return JsonKind::kArray;
    case element_type::OBJECT: return JsonKind::kObject;
    case element_type::INT64: return JsonKind::kInteger;
    case element_type::UINT64:
    case element_type::DOUBLE: return JsonKind::kNumber;
    case element_type::STRING: return JsonKind::kString;
    case element_type::BOOL: return JsonKind::kBoolean;
    case element_type::NULL_VALUE: return JsonKind::kNull;
  }
  return JsonKind::kNull;
}

Result<bool> JsonValue::boolean() const {
  bool value = false;
  if (element_at(document_, index_).get(value)) return wrong_kind("true or false");
  return value;
}

Result<std::int64_t> JsonValue::integer(std::int64_t min, std::int64_t max) const {
  if (kind() != JsonKind::kInteger) return wrong_kind("an integer");
  std::int64_t value = 0;
  if (element_at(document_, index_).get(value)) return wrong_kind("an integer");
  if (value < min || value > max) {
    return error(std::to_string(value) + " is outside " + std::to_string(min) + ".." +
                 std::to_string(max));
  }
  return value;
}

Result<double> JsonValue::number() const {
  double value = 0;
  if (element_at(document_, index_).get(value)) return wrong_kind("a number");
  return value;
}

Result<std::string_view> JsonValue::string() const {
  std::string_view value;
  if (element_at(document_, index_).get(value)) return wrong_kind("a string");
  return value;
}

Result<std::vector<JsonValue>> JsonValue::array() const {
  simdjson::dom::array array;
  if (element_at(document_, index_).get(array)) return wrong_kind("an array");
  std::vector<JsonValue> values;
  for (const element child : array) {
    const Handle handle = handle_of(child);
    values.push_back(JsonValue(handle.document, handle.index));
  }
  return values;
}

Result<JsonObject> JsonValue::object() const {
  if (!is_object()) return wrong_kind("an object");
  return JsonObject(*this);
}

std::string JsonValue::text() const {
  return simdjson::to_string(element_at(document_, index_));
}

std::string JsonValue::path() const {
  const auto* document = static_cast<const simdjson::dom::document*>(document_);
  element current = document->root();
  std::string path;
  while (handle_of(current).index != index_ && descend(current, index_, path)) {
  }
  return path.empty() ? "document" : path;
}

Error JsonValue::error(std::string_view problem) const {
  return Error{ErrorCode::kInvalidFile, path() + ": " + std::string(problem)};
}

Error JsonValue::wrong_kind(std::string_view expected) const {
  return error("expected " + std::string(expected) + ", found " + std::string(kind_name(kind())));
}

struct JsonDocument::Parsed {
  simdjson::dom::document document;
};

JsonDocument::JsonDocument(std::unique_ptr<Parsed> parsed) : parsed_(std::move(parsed)) {}
JsonDocument::JsonDocument(JsonDocument&&) noexcept = default;
JsonDocument& JsonDocument::operator=(JsonDocument&&) noexcept = default;
JsonDocument::~JsonDocument() = default;

Result<JsonDocument> JsonDocument::parse(std::string_view text) {
  simdjson::dom::parser parser;
  auto parsed = std::make_unique<Parsed>();
  simdjson::error_code code = parser.allocate(text.size(), kJsonDepthMax);
  if (!code) code = parser.parse_into_document(parsed->document, text.data(), text.size()).error();
  if (code == simdjson::MEMALLOC) {
    return Error{ErrorCode::kOutOfMemory,
                 "no memory for " + std::to_string(text.size()) + " bytes of JSON"};
  }
  if (code) {
    return Error{ErrorCode::kInvalidFile,
                 std::string("not valid JSON: ") + simdjson::error_message(code)};
  }
  return JsonDocument(std::move(parsed));
}

JsonValue JsonDocument::root() const {
  const Handle handle = handle_of(parsed_->document.root());
  return JsonValue(handle.document, handle.index);
}

std::vector<JsonMember> JsonObject::members() const {
  std::vector<JsonMember> members;
  const element object = element_at(value_.document_, value_.index_);
  for (const auto field : simdjson::dom::object(object.get_object().value_unsafe())) {
    const Handle handle = handle_of(field.value);
    members.push_back({field.key, JsonValue(handle.document, handle.index)});
  }
  return members;
}

std::optional<JsonValue> JsonObject::find(std::string_view key) const {
  element found;
  if (element_at(value_.document_, value_.index_).at_key(key).get(found)) return std::nullopt;
  const Handle handle = handle_of(found);
  return JsonValue(handle.document, handle.index);
}

}  // namespace tessera
