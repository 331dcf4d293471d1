#include "base/json_writer.h"

#include <cmath>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <utility>

#include "base/check.h"

namespace tessera {
namespace {

// The length of the UTF-8 sequence at the front of `text`, or 0 if it is malformed (RFC 3629).
std::size_t utf8_sequence_length(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(0);
  if (lead < 0x80) return 1;
  const std::size_t length = lead < 0xc2   ? 0
                             : lead < 0xe0 ? 2
                             : lead < 0xf0 ? 3
                             : lead < 0xf5 ? 4
                                           : 0;
  if (length == 0 || text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return 0;
  }
  const bool is_overlong = (lead == 0xe0 && byte(1) < 0xa0) || (lead == 0xf0 && byte(1) < 0x90);
  const bool is_surrogate = lead == 0xed && byte(1) >= 0xa0;
  const bool is_beyond_unicode = lead == 0xf4 && byte(1) >= 0x90;
  return is_overlong || is_surrogate || is_beyond_unicode ? 0 : length;
}

void append_control_character(std::string& out, char c) {
  switch (c) {
    case '\b': out += "\\b"; return;
    case '\f': out += "\\f"; return;
    case '\n': out += "\\n"; return;
    case '\r': out += "\\r"; return;
    case '\t': out += "\\t"; return;
    default: break;
  }
  constexpr std::string_view kDigits = "0123456789abcdef";
  out += "\\u00";
  out += kDigits[static_cast<unsigned char>(c) >> 4];
  out += kDigits[static_cast<unsigned char>(c) & 15];
}

// The shortest of printf's forms that reads back as the same number. std::to_chars would do it
// faster, but brings 110 kB of tables, a third of what a tab downloads.
template <typename Number>
void append_number(std::string& out, Number value) {
  char digits[40];
  for (int precision = std::numeric_limits<Number>::digits10;; ++precision) {
    std::snprintf(digits, sizeof(digits), "%.*g", precision, static_cast<double>(value));
    const bool is_exact = static_cast<Number>(std::strtod(digits, nullptr)) == value;
    if (is_exact || precision >= std::numeric_limits<Number>::max_digits10) break;
  }
  out += digits;
}

void append_number(std::string& out, std::int64_t value) {
  out += std::to_string(value);
}

}  // namespace

void append_json_string(std::string& out, std::string_view text) {
  out += '"';
  while (!text.empty()) {
    const std::size_t length = utf8_sequence_length(text);
    if (length == 0) {
      out += "\xef\xbf\xbd";
      text.remove_prefix(1);
      continue;
    }
    const char c = text[0];
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      append_control_character(out, c);
    } else {
      out += text.substr(0, length);
    }
    text.remove_prefix(length);
  }
  out += '"';
}

void JsonWriter::separate() {
  if (!after_key_ && !has_values_.empty()) {
    if (has_values_.back()) text_ += ',';
    has_values_.back() = true;
  }
  after_key_ = false;
}

JsonWriter& JsonWriter::begin_object() {
  separate();
  text_ += '{';
  has_values_.push_back(false);
  return *this;
}

JsonWriter& JsonWriter::end_object() {
  TESSERA_CHECK(!has_values_.empty() && !after_key_);
  has_values_.pop_back();
  text_ += '}';
  return *this;
}

JsonWriter& JsonWriter::begin_array() {
  separate();
  text_ += '[';
  has_values_.push_back(false);
  return *this;
}

JsonWriter& JsonWriter::end_array() {
  TESSERA_CHECK(!has_values_.empty() && !after_key_);
  has_values_.pop_back();
  text_ += ']';
  return *this;
}

JsonWriter& JsonWriter::key(std::string_view name) {
  TESSERA_CHECK(!has_values_.empty() && !after_key_);
  separate();
  append_json_string(text_, name);
  text_ += ':';
  after_key_ = true;
  return *this;
}

JsonWriter& JsonWriter::string(std::string_view value) {
  separate();
  append_json_string(text_, value);
  return *this;
}

JsonWriter& JsonWriter::integer(std::int64_t value) {
  separate();
  append_number(text_, value);
  return *this;
}

JsonWriter& JsonWriter::number(double value) {
  if (!std::isfinite(value)) return null();
  separate();
  append_number(text_, value);
  return *this;
}

JsonWriter& JsonWriter::number(float value) {
  if (!std::isfinite(value)) return null();
  separate();
  append_number(text_, value);
  return *this;
}

JsonWriter& JsonWriter::boolean(bool value) {
  return raw(value ? "true" : "false");
}

JsonWriter& JsonWriter::null() {
  return raw("null");
}

JsonWriter& JsonWriter::raw(std::string_view json) {
  separate();
  text_ += json;
  return *this;
}

std::string JsonWriter::take() && {
  TESSERA_CHECK(has_values_.empty() && !after_key_);
  return std::move(text_);
}

}  // namespace tessera
