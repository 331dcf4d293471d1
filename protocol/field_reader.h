// FieldReader: fills a struct of generated/protocol.h from a JSON object, checking every bound.
#pragma once

#include <cmath>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

#include "base/json.h"
#include "protocol/field_rules.h"
#include "protocol/problem.h"

namespace tessera::protocol {

// Visits the fields of one object; stops at the first that is wrong.
class FieldReader {
 public:
  explicit FieldReader(const JsonObject& object) : object_(object) {}

  const std::optional<Problem>& problem() const { return problem_; }

  template <typename Value, typename Rule>
  void operator()(const char* name, Value& value, const Rule& rule) {
    if (problem_) return;
    const std::optional<JsonValue> found = object_.find(name);
    if (found && !found->is_null()) {
      read(*found, value, rule);
    } else {
      problem_ = invalid(path_of(name), "is missing");
    }
  }

  template <typename Value, typename Rule>
  void operator()(const char* name, std::optional<Value>& value, const Rule& rule) {
    if (problem_) return;
    const std::optional<JsonValue> found = object_.find(name);
    if (found && !found->is_null()) read(*found, value.emplace(), rule);
  }

 private:
  static Problem invalid(const std::string& param, const std::string& what) {
    return {ErrorName::kInvalidArgument, param + " " + what, param};
  }

  std::string path_of(const char* name) const {
    const std::string path = object_.value().path();
    return path == "document" ? name : path + "." + name;
  }

  void refuse(const JsonValue& json, const std::string& what) {
    problem_ = invalid(json.path(), what);
  }

  void read(const JsonValue& json, std::string& value, const StringRule& rule) {
    const auto text = json.string();
    if (!text) return refuse(json, "is not a string");
    if (text->size() < rule.bytes_min || text->size() > rule.bytes_max) {
      return refuse(json, "has " + std::to_string(text->size()) + " bytes; allowed are " +
                              std::to_string(rule.bytes_min) + " to " +
                              std::to_string(rule.bytes_max));
    }
    value = *text;
  }

  template <typename Integer>
    requires std::is_integral_v<Integer>
  void read(const JsonValue& json, Integer& value, const IntegerRule& rule) {
    const auto number = json.number();
    // Bounds are at most 2^53 - 1, so that a double holds every value that is allowed.
    if (!number || *number != std::trunc(*number)) return refuse(json, "is not an integer");
    if (*number < static_cast<double>(rule.min) || *number > static_cast<double>(rule.max)) {
      return refuse(
          json, "is not between " + std::to_string(rule.min) + " and " + std::to_string(rule.max));
    }
    value = static_cast<Integer>(*number);
  }

  void read(const JsonValue& json, double& value, const NumberRule& rule) {
    const auto number = json.number();
    if (!number) return refuse(json, "is not a number");
    if (!(*number >= rule.min && *number <= rule.max)) {
      return refuse(json,
                    "is not between " + short_text(rule.min) + " and " + short_text(rule.max));
    }
    value = *number;
  }

  void read(const JsonValue& json, bool& value, AnyRule) {
    const auto boolean = json.boolean();
    if (!boolean) return refuse(json, "is not true or false");
    value = *boolean;
  }

  template <typename Enum>
    requires std::is_enum_v<Enum>
  void read(const JsonValue& json, Enum& value, AnyRule) {
    const auto names = enum_names(Enum{});
    std::string allowed;
    for (std::size_t index = 0; index < names.size(); ++index) {
      if (json.is_string() && *json.string() == names[index]) {
        value = static_cast<Enum>(index);
        return;
      }
      allowed += (index == 0 ? "" : ", ") + std::string(names[index]);
    }
    refuse(json, "is not one of " + allowed);
  }

  template <typename Object>
    requires std::is_class_v<Object>
  void read(const JsonValue& json, Object& value, AnyRule) {
    const auto object = json.object();
    if (!object) return refuse(json, "is not an object");
    FieldReader reader(*object);
    visit_fields(value, reader);
    problem_ = reader.problem_;
  }

  template <typename Item, typename Rule>
  void read(const JsonValue& json, std::vector<Item>& value, const ArrayRule<Rule>& rule) {
    const auto items = json.array();
    if (!items) return refuse(json, "is not a list");
    if (items->size() < rule.items_min || items->size() > rule.items_max) {
      return refuse(json, "has " + std::to_string(items->size()) + " items; allowed are " +
                              std::to_string(rule.items_min) + " to " +
                              std::to_string(rule.items_max));
    }
    value.resize(items->size());
    for (std::size_t index = 0; index < items->size() && !problem_; ++index) {
      read((*items)[index], value[index], rule.item);
    }
  }

  static std::string short_text(double value);

  const JsonObject& object_;
  std::optional<Problem> problem_;
};

}  // namespace tessera::protocol
