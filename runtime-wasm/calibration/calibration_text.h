// What a model reads to be calibrated: the built-in text, or one that the user names.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "package/model_source.h"

namespace tessera::calibration {

// Prose of books in the public domain (calibration/builtin_text.txt).
std::string_view builtin_text();

// The token ids of a text, cut into pieces of `window_tokens` (the last that does not fill one is
// left out, unless it is the only one), `windows_max` at most, spread over the whole text.
// Errors: kUnsupported if the model has no tokenizer; kInvalidArgument if the text is too short or
// the tokenizer has ids outside the vocabulary.
Result<std::vector<std::vector<std::int32_t>>> cut_text(const ModelDescription& description,
                                                        std::string_view text,
                                                        std::int64_t vocabulary_size,
                                                        std::size_t window_tokens,
                                                        std::size_t windows_max);

}  // namespace tessera::calibration
