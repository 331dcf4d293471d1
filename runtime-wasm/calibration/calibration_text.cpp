#include "calibration/calibration_text.h"

#include <algorithm>

#include "tokenizer/tokenizer.h"

// Made by CMake from builtin_text.txt.
extern const unsigned char kTesseraCalibrationText[];
extern const std::size_t kTesseraCalibrationTextSize;

namespace tessera::calibration {

std::string_view builtin_text() {
  return {reinterpret_cast<const char*>(kTesseraCalibrationText), kTesseraCalibrationTextSize};
}

Result<std::vector<std::vector<std::int32_t>>> cut_text(const ModelDescription& description,
                                                        std::string_view text,
                                                        std::int64_t vocabulary_size,
                                                        std::size_t window_tokens,
                                                        std::size_t windows_max) {
  if (!description.tokenizer_json) {
    return Error{ErrorCode::kUnsupported,
                 "the model has no tokenizer, which calibration needs; use --uncalibrated"};
  }
  TESSERA_TRY(const auto tokenizer, Tokenizer::from_json(*description.tokenizer_json));
  TESSERA_TRY(const auto ids,
              tokenizer->encode(text, EncodeOptions{.parse_special_tokens = false}));
  constexpr std::size_t kTokensMin = 16;
  if (ids.size() < kTokensMin) {
    return Error{ErrorCode::kInvalidArgument,
                 "the calibration text has " + std::to_string(ids.size()) + " tokens, at least " +
                     std::to_string(kTokensMin) + " are needed"};
  }
  if (*std::max_element(ids.begin(), ids.end()) >= vocabulary_size) {
    return Error{ErrorCode::kInvalidFile, "the tokenizer has ids outside the vocabulary of " +
                                              std::to_string(vocabulary_size)};
  }
  const std::size_t window = std::min(window_tokens, ids.size());
  const std::size_t available = ids.size() / window;
  const std::size_t count = std::min(available, windows_max);
  std::vector<std::vector<std::int32_t>> texts;
  for (std::size_t i = 0; i < count; ++i) {
    const auto first = ids.begin() + static_cast<std::ptrdiff_t>(i * available / count * window);
    texts.emplace_back(first, first + static_cast<std::ptrdiff_t>(window));
  }
  return texts;
}

}  // namespace tessera::calibration
