// JsonWriter: builds one JSON text, compact, always valid UTF-8.
//
//   JsonWriter json;
//   json.begin_object().key("ids").begin_array().integer(1).integer(2).end_array().end_object();
//   std::move(json).take();  // {"ids":[1,2]}
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tessera {

// Appends `text` to `out` as a JSON string with its quotes. Bytes that are not UTF-8 become U+FFFD.
void append_json_string(std::string& out, std::string_view text);

class JsonWriter {
 public:
  JsonWriter& begin_object();
  JsonWriter& end_object();
  JsonWriter& begin_array();
  JsonWriter& end_array();
  // The name of the next value. REQUIRES: directly inside an object.
  JsonWriter& key(std::string_view name);

  JsonWriter& string(std::string_view value);
  JsonWriter& integer(std::int64_t value);
  // The shortest text that reads back as the same number; null if it is not finite.
  JsonWriter& number(double value);
  JsonWriter& number(float value);
  JsonWriter& boolean(bool value);
  JsonWriter& null();
  // A value that is JSON text already.
  JsonWriter& raw(std::string_view json);

  const std::string& text() const { return text_; }
  // The finished text. REQUIRES: everything begun is ended.
  std::string take() &&;

 private:
  void separate();

  std::string text_;
  std::vector<bool> has_values_;  // one entry an open array or object
  bool after_key_ = false;
};

}  // namespace tessera
