#include "package/gguf.h"

#include <algorithm>

namespace tessera {
namespace {

Error missing(std::string_view key) {
  return Error{ErrorCode::kInvalidFile, "metadata key " + std::string(key) + " is missing"};
}

Error wrong_type(std::string_view key, std::string_view expected) {
  return Error{ErrorCode::kInvalidFile,
               "metadata key " + std::string(key) + " is not " + std::string(expected)};
}

template <typename T>
Result<const T*> array_of(const GgufValue* value, std::string_view key, std::string_view expected) {
  if (value == nullptr) return static_cast<const T*>(nullptr);
  const T* elements = std::get_if<T>(value);
  if (elements == nullptr) return wrong_type(key, expected);
  return elements;
}

}  // namespace

const GgufTensor* Gguf::find_tensor(std::string_view name) const {
  const auto found = std::find_if(tensors_.begin(), tensors_.end(),
                                  [&](const GgufTensor& tensor) { return tensor.name == name; });
  return found == tensors_.end() ? nullptr : &*found;
}

const GgufValue* Gguf::find(std::string_view key) const {
  const auto found = metadata_.find(key);
  return found == metadata_.end() ? nullptr : &found->second;
}

Result<std::string> Gguf::string(std::string_view key) const {
  TESSERA_TRY(std::optional<std::string> text, optional_string(key));
  if (!text) return missing(key);
  return std::move(*text);
}

Result<std::int64_t> Gguf::integer(std::string_view key, std::int64_t min, std::int64_t max) const {
  TESSERA_TRY(const std::optional<std::int64_t> value, optional_integer(key, min, max));
  if (!value) return missing(key);
  return *value;
}

Result<std::optional<std::string>> Gguf::optional_string(std::string_view key) const {
  const GgufValue* value = find(key);
  if (value == nullptr) return std::optional<std::string>();
  const auto* text = std::get_if<std::string>(value);
  if (text == nullptr) return wrong_type(key, "a string");
  return std::optional<std::string>(*text);
}

Result<std::optional<std::int64_t>> Gguf::optional_integer(std::string_view key, std::int64_t min,
                                                           std::int64_t max) const {
  const GgufValue* value = find(key);
  if (value == nullptr) return std::optional<std::int64_t>();
  const auto* integer = std::get_if<std::int64_t>(value);
  if (integer == nullptr) return wrong_type(key, "an integer");
  if (*integer < min || *integer > max) {
    return Error{ErrorCode::kInvalidFile, "metadata key " + std::string(key) + " is " +
                                              std::to_string(*integer) + ", outside " +
                                              std::to_string(min) + ".." + std::to_string(max)};
  }
  return std::optional<std::int64_t>(*integer);
}

Result<std::optional<double>> Gguf::optional_number(std::string_view key) const {
  const GgufValue* value = find(key);
  if (value == nullptr) return std::optional<double>();
  if (const auto* number = std::get_if<double>(value)) return std::optional<double>(*number);
  if (const auto* integer = std::get_if<std::int64_t>(value)) {
    return std::optional<double>(static_cast<double>(*integer));
  }
  return wrong_type(key, "a number");
}

Result<std::optional<bool>> Gguf::optional_boolean(std::string_view key) const {
  const GgufValue* value = find(key);
  if (value == nullptr) return std::optional<bool>();
  const auto* boolean = std::get_if<bool>(value);
  if (boolean == nullptr) return wrong_type(key, "a boolean");
  return std::optional<bool>(*boolean);
}

Result<const std::vector<std::string>*> Gguf::strings(std::string_view key) const {
  return array_of<std::vector<std::string>>(find(key), key, "an array of strings");
}

Result<const std::vector<std::int64_t>*> Gguf::integers(std::string_view key) const {
  return array_of<std::vector<std::int64_t>>(find(key), key, "an array of integers");
}

Result<const std::vector<double>*> Gguf::numbers(std::string_view key) const {
  return array_of<std::vector<double>>(find(key), key, "an array of numbers");
}

}  // namespace tessera
