// Reads the large parts of a tokenizer.json, one value after the other: no tree of a vocabulary is
// ever built, which would take several times the memory of its text.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace tessera {

// A member of an object with its value as JSON text.
struct JsonSlice {
  std::string key;
  std::string_view text;
};

// Owns a copy of a JSON text. All errors are kInvalidFile.
class JsonStream {
 public:
  static Result<std::unique_ptr<JsonStream>> create(std::string_view json);
  ~JsonStream();

  // The members of the whole text, or of a slice of it.
  Result<std::vector<JsonSlice>> members();
  Result<std::vector<JsonSlice>> members(std::string_view slice);

  // Calls `visit` for each member of an object of integers, such as {"a": 0, "b": 1}.
  using VisitInteger = std::function<Result<void>(std::string_view key, std::int64_t value)>;
  Result<void> for_each_integer(std::string_view slice, const VisitInteger& visit);

  // Calls `visit` for each pair in an array, written ["a", "b"] or "a b".
  using VisitPair = std::function<Result<void>(std::string_view left, std::string_view right)>;
  Result<void> for_each_pair(std::string_view slice, const VisitPair& visit);

 private:
  struct State;
  explicit JsonStream(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace tessera
