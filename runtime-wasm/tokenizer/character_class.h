// A set of characters, as written [...], \s or \p{L} in a pattern.
#pragma once

#include <bitset>
#include <vector>

#include "tokenizer/unicode.h"

namespace tessera {

class CharacterClass {
 public:
  void add_range(char32_t first, char32_t last);
  void add_categories(CategoryMask categories) { categories_ |= categories; }
  void add_spaces() { has_spaces_ = true; }
  void add_non_spaces() { has_non_spaces_ = true; }
  void add_words() { has_words_ = true; }
  void add_non_words() { has_non_words_ = true; }
  void negate() { is_negated_ = !is_negated_; }
  // Letters match whatever their case; call it before `prepare`.
  void ignore_case() { ignores_case_ = true; }

  // Must be called after the last change and before `contains`.
  void prepare();

  bool contains(char32_t code_point) const noexcept {
    return code_point < ascii_.size() ? ascii_[code_point] : evaluate(code_point);
  }

 private:
  struct Range {
    char32_t first;
    char32_t last;
  };

  bool evaluate(char32_t code_point) const noexcept;
  bool has_member(char32_t code_point) const noexcept;

  std::vector<Range> ranges_;
  CategoryMask categories_ = 0;
  bool has_spaces_ = false;
  bool has_non_spaces_ = false;
  bool has_words_ = false;
  bool has_non_words_ = false;
  bool ignores_case_ = false;
  bool is_negated_ = false;
  std::bitset<128> ascii_;  // the answer for each ASCII character
};

}  // namespace tessera
