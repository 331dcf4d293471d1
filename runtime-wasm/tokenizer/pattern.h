// A pattern in a tokenizer.json: {"String": "text"} or {"Regex": "expression"}.
#pragma once

#include <string>
#include <string_view>

#include "base/json.h"
#include "base/result.h"
#include "tokenizer/regex.h"

namespace tessera {

Result<Regex> read_pattern(const JsonValue& value);

// `text` with every match of `pattern` replaced by `content`. Errors: those of RegexMatches.
Result<std::string> replace_matches(const Regex& pattern, std::string_view text,
                                    std::string_view content);

}  // namespace tessera
