// The tokens of a GGUF file with their kinds and scores.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "package/gguf.h"

namespace tessera {

enum class GgufTokenKind : std::uint8_t {
  kNormal = 1,
  kUnknown = 2,
  kControl = 3,
  kUserDefined = 4,
  kUnused = 5,
  kByte = 6,
};

struct GgufVocabulary {
  const std::vector<std::string>* tokens = nullptr;  // by id
  const std::vector<std::int64_t>* kinds = nullptr;  // null: all normal
  const std::vector<double>* scores = nullptr;       // null: none

  GgufTokenKind kind(std::size_t id) const;
  // The text of the token whose id stands under `key`. Errors: kInvalidFile if there is no such id.
  Result<std::optional<std::string>> token_under(const Gguf& gguf, std::string_view key) const;
};

// Views into `gguf`. Errors: kInvalidFile if the lists have different lengths or there are no
// tokens.
Result<GgufVocabulary> gguf_vocabulary(const Gguf& gguf);

}  // namespace tessera
