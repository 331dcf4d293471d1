// Reads GGUF files (versions 2 and 3, little-endian): metadata, and where the tensors lie.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"
#include "package/byte_source.h"
#include "package/stored_format.h"

namespace tessera {

// A metadata value. All integers and booleans of an array become int64, all floats double; arrays
// of arrays are passed over and read as monostate.
using GgufValue =
    std::variant<std::monostate, std::int64_t, double, bool, std::string, std::vector<std::string>,
                 std::vector<std::int64_t>, std::vector<double>>;

struct GgufTensor {
  std::string name;
  const StoredFormat* format = nullptr;
  std::vector<std::int64_t> shape;  // outermost first, as ours: {rows, columns}
  std::uint64_t offset = 0;         // from the start of the file
  std::uint64_t size_bytes = 0;
};

class Gguf {
 public:
  // Reads and checks everything in front of the tensors' bytes; tensors lie inside the file and do
  // not overlap. Errors: kInvalidFile; kUnsupported for a version, byte order or tensor type that
  // cannot be read; the message names the entry.
  static Result<Gguf> read(const ByteSource& source);

  const std::vector<GgufTensor>& tensors() const { return tensors_; }
  const GgufTensor* find_tensor(std::string_view name) const;  // null if there is none

  bool has(std::string_view key) const { return metadata_.find(key) != metadata_.end(); }

  // Errors: kInvalidFile naming the key if it is absent (where required) or of another type.
  Result<std::string> string(std::string_view key) const;
  Result<std::int64_t> integer(std::string_view key, std::int64_t min, std::int64_t max) const;
  Result<std::optional<std::string>> optional_string(std::string_view key) const;
  Result<std::optional<std::int64_t>> optional_integer(std::string_view key, std::int64_t min,
                                                       std::int64_t max) const;
  Result<std::optional<double>> optional_number(std::string_view key) const;
  Result<std::optional<bool>> optional_boolean(std::string_view key) const;
  // Null if absent.
  Result<const std::vector<std::string>*> strings(std::string_view key) const;
  Result<const std::vector<std::int64_t>*> integers(std::string_view key) const;
  Result<const std::vector<double>*> numbers(std::string_view key) const;

 private:
  const GgufValue* find(std::string_view key) const;

  std::map<std::string, GgufValue, std::less<>> metadata_;
  std::vector<GgufTensor> tensors_;
};

}  // namespace tessera
