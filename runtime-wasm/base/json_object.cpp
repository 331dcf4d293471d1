#include "base/json.h"

namespace tessera {
namespace {

template <typename T>
Result<std::optional<T>> some(Result<T> result) {
  TESSERA_TRY(T value, std::move(result));
  return std::optional<T>(std::move(value));
}

}  // namespace

Result<JsonValue> JsonObject::require(std::string_view key) const {
  if (const auto found = find(key)) return *found;
  return value_.error("\"" + std::string(key) + "\" is missing");
}

std::optional<JsonValue> JsonObject::find_present(std::string_view key) const {
  const auto found = find(key);
  return found && !found->is_null() ? found : std::nullopt;
}

Result<bool> JsonObject::boolean(std::string_view key) const {
  TESSERA_TRY(const JsonValue value, require(key));
  return value.boolean();
}

Result<std::int64_t> JsonObject::integer(std::string_view key, std::int64_t min,
                                         std::int64_t max) const {
  TESSERA_TRY(const JsonValue value, require(key));
  return value.integer(min, max);
}

Result<double> JsonObject::number(std::string_view key) const {
  TESSERA_TRY(const JsonValue value, require(key));
  return value.number();
}

Result<std::string_view> JsonObject::string(std::string_view key) const {
  TESSERA_TRY(const JsonValue value, require(key));
  return value.string();
}

Result<std::vector<JsonValue>> JsonObject::array(std::string_view key) const {
  TESSERA_TRY(const JsonValue value, require(key));
  return value.array();
}

Result<JsonObject> JsonObject::object(std::string_view key) const {
  TESSERA_TRY(const JsonValue value, require(key));
  return value.object();
}

Result<std::optional<bool>> JsonObject::optional_boolean(std::string_view key) const {
  const auto value = find_present(key);
  if (!value) return std::optional<bool>();
  return some(value->boolean());
}

Result<std::optional<std::int64_t>> JsonObject::optional_integer(std::string_view key,
                                                                 std::int64_t min,
                                                                 std::int64_t max) const {
  const auto value = find_present(key);
  if (!value) return std::optional<std::int64_t>();
  return some(value->integer(min, max));
}

Result<std::optional<double>> JsonObject::optional_number(std::string_view key) const {
  const auto value = find_present(key);
  if (!value) return std::optional<double>();
  return some(value->number());
}

Result<std::optional<std::string_view>> JsonObject::optional_string(std::string_view key) const {
  const auto value = find_present(key);
  if (!value) return std::optional<std::string_view>();
  return some(value->string());
}

Result<std::optional<std::vector<JsonValue>>> JsonObject::optional_array(
    std::string_view key) const {
  const auto value = find_present(key);
  if (!value) return std::optional<std::vector<JsonValue>>();
  return some(value->array());
}

Result<std::optional<JsonObject>> JsonObject::optional_object(std::string_view key) const {
  const auto value = find_present(key);
  if (!value) return std::optional<JsonObject>();
  return some(value->object());
}

}  // namespace tessera
