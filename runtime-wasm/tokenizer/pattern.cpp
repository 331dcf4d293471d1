#include "tokenizer/pattern.h"

namespace tessera {

Result<Regex> read_pattern(const JsonValue& value) {
  TESSERA_TRY(const JsonObject object, value.object());
  TESSERA_TRY(const auto text, object.optional_string("String"));
  if (text) {
    if (text->empty()) return value.error("the pattern is empty");
    return Regex::literal(*text);
  }
  TESSERA_TRY(const std::string_view expression, object.string("Regex"));
  auto regex = Regex::compile(expression);
  if (!regex) return regex.error().with_context(value.path());
  return regex;
}

Result<std::string> replace_matches(const Regex& pattern, std::string_view text,
                                    std::string_view content) {
  RegexMatches matches(pattern, text);
  RegexMatches::Match match;
  std::string replaced;
  std::size_t copied = 0;
  while (matches.next(match)) {
    replaced.append(text, copied, match.begin - copied);
    replaced.append(content);
    copied = match.end;
  }
  TESSERA_TRY_VOID(matches.status());
  replaced.append(text, copied);
  return replaced;
}

}  // namespace tessera
