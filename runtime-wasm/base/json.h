// Reads JSON: a document parsed once by simdjson, and typed views into it whose errors name the
// place, such as "tensors[3].shape: expected an array, found a string".
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace tessera {

// Objects and arrays may be nested this deep.
inline constexpr std::size_t kJsonDepthMax = 64;

enum class JsonKind : std::uint8_t { kNull, kBoolean, kInteger, kNumber, kString, kArray, kObject };

class JsonObject;

// A view of one value. It and everything read from it is valid as long as its JsonDocument.
// Every reader fails with kInvalidFile and a message that starts with the value's path.
class JsonValue {
 public:
  JsonKind kind() const;  // kNumber: not an integer of 64 bits
  bool is_null() const { return kind() == JsonKind::kNull; }
  bool is_string() const { return kind() == JsonKind::kString; }
  bool is_array() const { return kind() == JsonKind::kArray; }
  bool is_object() const { return kind() == JsonKind::kObject; }

  Result<bool> boolean() const;
  // A whole number written as one (1, not 1.0), within [min, max].
  Result<std::int64_t> integer(std::int64_t min = std::numeric_limits<std::int64_t>::min(),
                               std::int64_t max = std::numeric_limits<std::int64_t>::max()) const;
  Result<double> number() const;  // integers too
  Result<std::string_view> string() const;
  Result<std::vector<JsonValue>> array() const;
  Result<JsonObject> object() const;

  // The value's JSON text without white space.
  std::string text() const;
  // Where it stands in the document: "tensors[3].shape", or "document" for the root.
  std::string path() const;
  // A kInvalidFile error whose message is "<path>: <problem>".
  Error error(std::string_view problem) const;

 private:
  friend class JsonDocument;
  friend class JsonObject;
  JsonValue(const void* document, std::size_t index) : document_(document), index_(index) {}
  Error wrong_kind(std::string_view expected) const;

  const void* document_;  // simdjson's document and the value's place on its tape
  std::size_t index_;
};

struct JsonMember {
  std::string_view key;
  JsonValue value;
};

// A view of an object. Where a key occurs twice, the first one counts.
class JsonObject {
 public:
  const JsonValue& value() const { return value_; }
  std::vector<JsonMember> members() const;
  std::optional<JsonValue> find(std::string_view key) const;

  // Required members: an absent one is an error that names it.
  Result<JsonValue> require(std::string_view key) const;
  Result<bool> boolean(std::string_view key) const;
  Result<std::int64_t> integer(std::string_view key,
                               std::int64_t min = std::numeric_limits<std::int64_t>::min(),
                               std::int64_t max = std::numeric_limits<std::int64_t>::max()) const;
  Result<double> number(std::string_view key) const;
  Result<std::string_view> string(std::string_view key) const;
  Result<std::vector<JsonValue>> array(std::string_view key) const;
  Result<JsonObject> object(std::string_view key) const;

  // Optional members: absent or null gives nothing; another kind is still an error.
  Result<std::optional<bool>> optional_boolean(std::string_view key) const;
  Result<std::optional<std::int64_t>> optional_integer(
      std::string_view key, std::int64_t min = std::numeric_limits<std::int64_t>::min(),
      std::int64_t max = std::numeric_limits<std::int64_t>::max()) const;
  Result<std::optional<double>> optional_number(std::string_view key) const;
  Result<std::optional<std::string_view>> optional_string(std::string_view key) const;
  Result<std::optional<std::vector<JsonValue>>> optional_array(std::string_view key) const;
  Result<std::optional<JsonObject>> optional_object(std::string_view key) const;

 private:
  friend class JsonValue;
  explicit JsonObject(JsonValue value) : value_(value) {}
  std::optional<JsonValue> find_present(std::string_view key) const;

  JsonValue value_;
};

// Owns a parsed document; movable, views stay valid.
class JsonDocument {
 public:
  // Errors: kInvalidFile saying what is wrong with the text (not JSON, not UTF-8, nested too deep).
  static Result<JsonDocument> parse(std::string_view text);

  JsonDocument(JsonDocument&&) noexcept;
  JsonDocument& operator=(JsonDocument&&) noexcept;
  ~JsonDocument();

  JsonValue root() const;

 private:
  struct Parsed;
  explicit JsonDocument(std::unique_ptr<Parsed> parsed);
  std::unique_ptr<Parsed> parsed_;
};

}  // namespace tessera
