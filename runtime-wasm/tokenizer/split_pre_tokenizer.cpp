#include "tokenizer/split_pre_tokenizer.h"

#include "tokenizer/pattern.h"

namespace tessera {
namespace {

Result<std::unique_ptr<PreTokenizer>> make(std::string_view pattern, SplitBehavior behavior,
                                           bool is_inverted = false) {
  TESSERA_TRY(Regex regex, Regex::compile(pattern));
  return std::unique_ptr<PreTokenizer>(
      std::make_unique<SplitPreTokenizer>(std::move(regex), behavior, is_inverted));
}

}  // namespace

Result<std::unique_ptr<PreTokenizer>> SplitPreTokenizer::from_json(const JsonObject& object) {
  TESSERA_TRY(const JsonValue pattern_value, object.require("pattern"));
  TESSERA_TRY(Regex pattern, read_pattern(pattern_value));
  TESSERA_TRY(const JsonValue behavior_value, object.require("behavior"));
  TESSERA_TRY(const SplitBehavior behavior, read_split_behavior(behavior_value));
  TESSERA_TRY(const auto is_inverted, object.optional_boolean("invert"));
  return std::unique_ptr<PreTokenizer>(std::make_unique<SplitPreTokenizer>(
      std::move(pattern), behavior, is_inverted.value_or(false)));
}

Result<std::unique_ptr<PreTokenizer>> SplitPreTokenizer::digits_from_json(
    const JsonObject& object) {
  TESSERA_TRY(const auto individual_digits, object.optional_boolean("individual_digits"));
  return make("\\p{N}", individual_digits.value_or(false) ? SplitBehavior::kIsolated
                                                          : SplitBehavior::kContiguous);
}

Result<std::unique_ptr<PreTokenizer>> SplitPreTokenizer::punctuation_from_json(
    const JsonObject& object) {
  SplitBehavior behavior = SplitBehavior::kIsolated;
  if (const auto value = object.find("behavior")) {
    TESSERA_TRY(behavior, read_split_behavior(*value));
  }
  return make("[\\p{P}$+<=>^`|~]", behavior);  // ASCII's symbols count as punctuation
}

Result<std::unique_ptr<PreTokenizer>> SplitPreTokenizer::whitespace_from_json(const JsonObject&) {
  return make("\\w+|[^\\w\\s]+", SplitBehavior::kRemoved, true);
}

Result<std::unique_ptr<PreTokenizer>> SplitPreTokenizer::whitespace_split_from_json(
    const JsonObject&) {
  return make("\\s", SplitBehavior::kRemoved);
}

Result<void> SplitPreTokenizer::split(Piece piece, PieceSink& sink) const {
  SplitMerger merger(behavior_);
  const auto deliver = [&](const std::optional<TextSpan>& part) -> Result<void> {
    if (!part) return {};
    return sink.accept({piece.text.substr(part->begin, part->end - part->begin),
                        piece.is_at_start && part->begin == 0});
  };
  RegexMatches matches(pattern_, piece.text);
  RegexMatches::Match match;
  std::size_t position = 0;
  while (matches.next(match)) {
    if (match.begin > position) {
      TESSERA_TRY_VOID(deliver(merger.add({position, match.begin, is_inverted_})));
    }
    TESSERA_TRY_VOID(deliver(merger.add({match.begin, match.end, !is_inverted_})));
    position = match.end;
  }
  TESSERA_TRY_VOID(matches.status());
  if (position < piece.text.size()) {
    TESSERA_TRY_VOID(deliver(merger.add({position, piece.text.size(), is_inverted_})));
  }
  return deliver(merger.finish());
}

}  // namespace tessera
