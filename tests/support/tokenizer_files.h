// Tokenizers from files of this repository, for tests.
#pragma once

#include <catch2/catch_test_macros.hpp>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "tokenizer/tokenizer.h"

namespace tessera::testing {

// `path` is relative to the repository's root.
inline std::string source_file(const std::string& path) {
  std::ifstream file(std::string(TESSERA_SOURCE_DIR) + "/" + path, std::ios::binary);
  INFO(path);
  REQUIRE(file.good());
  return {std::istreambuf_iterator<char>(file), {}};
}

inline std::unique_ptr<Tokenizer> tokenizer_from(std::string_view json) {
  auto tokenizer = Tokenizer::from_json(json);
  if (!tokenizer) FAIL(tokenizer.error().message);
  return std::move(tokenizer).value();
}

// One of the styles in tests/golden/tokenizer/.
inline std::unique_ptr<Tokenizer> golden_tokenizer(const std::string& style) {
  return tokenizer_from(source_file("tests/golden/tokenizer/" + style + "/tokenizer.json"));
}

inline std::vector<std::int32_t> read_ids(const std::vector<JsonValue>& values) {
  std::vector<std::int32_t> ids;
  for (const JsonValue& value : values) {
    ids.push_back(static_cast<std::int32_t>(value.integer().value()));
  }
  return ids;
}

}  // namespace tessera::testing
