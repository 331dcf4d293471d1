// Added tokens: texts that are one token wherever they occur, such as <|im_start|>, found before
// the pre-tokenizer and the model see the text.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "tokenizer/normalizer.h"
#include "tokenizer/vocabulary.h"

namespace tessera {

struct AddedToken {
  std::int32_t id = kNoToken;
  std::string content;
  std::string searched;         // what is looked for: the content, normalized if is_normalized
  bool is_special = false;      // a control token, left out of the text that is shown
  bool is_normalized = false;   // looked for in the normalized text
  bool is_single_word = false;  // only where no word character stands next to it
  bool strips_left = false;     // takes the spaces before it along
  bool strips_right = false;    // takes the spaces behind it along
};

// Reads one element of "added_tokens".
Result<AddedToken> read_added_token(const JsonValue& value);

// Finds the tokens of one kind (normalized or not) in a text: leftmost first, of those that start
// at the same place the longest. The tokens must outlive it and not move.
class AddedTokenFinder {
 public:
  AddedTokenFinder() = default;
  explicit AddedTokenFinder(std::vector<const AddedToken*> tokens);

  // A part of the text: a token, or, if `token` is null, what lies between tokens.
  struct Part {
    std::size_t begin;
    std::size_t end;
    const AddedToken* token;
  };
  using Visit = std::function<Result<void>(Part part)>;

  // Hands the nonempty parts of `text` to `visit`, in order. Special tokens are seen only if
  // `finds_special`. REQUIRES: valid UTF-8.
  Result<void> split(std::string_view text, bool finds_special, const Visit& visit) const;

 private:
  const AddedToken* longest_at(std::string_view text) const;

  std::vector<const AddedToken*> tokens_;    // sorted by what is searched
  std::vector<std::uint32_t> first_tokens_;  // [byte]: the first token that begins with it or more
};

}  // namespace tessera
