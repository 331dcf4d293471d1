// Writes a struct of generated/protocol.h as the JSON text of a message.
#pragma once

#include <optional>
#include <string>
#include <type_traits>
#include <variant>
#include <vector>

#include "base/json_writer.h"
#include "protocol/generated/protocol.h"

namespace tessera::protocol {

class FieldWriter {
 public:
  explicit FieldWriter(JsonWriter& json) : json_(json) {}

  template <typename Value, typename Rule>
  void operator()(const char* name, const Value& value, const Rule&) {
    json_.key(name);
    write(value);
  }

  template <typename Value, typename Rule>
  void operator()(const char* name, const std::optional<Value>& value, const Rule&) {
    if (!value) return;
    json_.key(name);
    write(*value);
  }

 private:
  void write(const std::string& value) { json_.string(value); }
  void write(double value) { json_.number(value); }
  void write(bool value) { json_.boolean(value); }

  template <typename Value>
  void write(const Value& value) {
    if constexpr (std::is_enum_v<Value>) {
      json_.string(enum_names(value)[static_cast<std::size_t>(value)]);
    } else if constexpr (std::is_integral_v<Value>) {
      json_.integer(static_cast<std::int64_t>(value));
    } else {
      json_.begin_object();
      visit_fields(value, *this);
      json_.end_object();
    }
  }

  template <typename Item>
  void write(const std::vector<Item>& items) {
    json_.begin_array();
    for (const Item& item : items) write(item);
    json_.end_array();
  }

  JsonWriter& json_;
};

// Writes an object of the protocol, such as WireModel, as the next value.
template <typename Object>
void write_object(JsonWriter& json, const Object& object) {
  json.begin_object();
  FieldWriter writer(json);
  visit_fields(object, writer);
  json.end_object();
}

template <typename Message>
std::string write_message(const Message& message) {
  JsonWriter json;
  json.begin_object().key("type").string(Message::kType);
  FieldWriter writer(json);
  visit_fields(message, writer);
  json.end_object();
  return std::move(json).take();
}

template <typename... Messages>
std::string write_message(const std::variant<Messages...>& message) {
  return std::visit([](const auto& alternative) { return write_message(alternative); }, message);
}

}  // namespace tessera::protocol
