#include "tokenizer/character_class.h"

#include <algorithm>

namespace tessera {

void CharacterClass::add_range(char32_t first, char32_t last) {
  ranges_.push_back({first, last});
}

void CharacterClass::prepare() {
  for (char32_t code_point = 0; code_point < ascii_.size(); ++code_point) {
    ascii_[code_point] = evaluate(code_point);
  }
}

bool CharacterClass::evaluate(char32_t code_point) const noexcept {
  bool is_member = has_member(code_point);
  if (!is_member && ignores_case_) {
    // Through the upper case and back, because some letters only meet there (U+017F and s).
    const char32_t upper = to_upper(code_point);
    is_member =
        has_member(upper) || has_member(to_lower(code_point)) || has_member(to_lower(upper));
  }
  return is_member != is_negated_;
}

bool CharacterClass::has_member(char32_t code_point) const noexcept {
  if (categories_ != 0 && (category_of(code_point) & categories_) != 0) return true;
  if ((has_spaces_ || has_non_spaces_) && (is_space(code_point) ? has_spaces_ : has_non_spaces_)) {
    return true;
  }
  if ((has_words_ || has_non_words_) && (is_word(code_point) ? has_words_ : has_non_words_)) {
    return true;
  }
  return std::any_of(ranges_.begin(), ranges_.end(), [&](const Range& range) {
    return code_point >= range.first && code_point <= range.last;
  });
}

}  // namespace tessera
