#include "tokenizer/byte_level_pre_tokenizer.h"

#include "tokenizer/byte_level.h"

namespace tessera {
namespace {

constexpr std::string_view kGpt2Pattern =
    R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";

}  // namespace

Result<std::unique_ptr<PreTokenizer>> ByteLevelPreTokenizer::from_json(const JsonObject& object) {
  TESSERA_TRY(const auto adds_prefix_space, object.optional_boolean("add_prefix_space"));
  TESSERA_TRY(const auto uses_regex, object.optional_boolean("use_regex"));
  std::optional<Regex> pattern;
  if (uses_regex.value_or(true)) {
    TESSERA_TRY(pattern, Regex::compile(kGpt2Pattern));
  }
  return std::unique_ptr<PreTokenizer>(std::make_unique<ByteLevelPreTokenizer>(
      adds_prefix_space.value_or(true), std::move(pattern)));
}

Result<void> ByteLevelPreTokenizer::split(Piece piece, PieceSink& sink) const {
  std::string prefixed;
  std::string_view text = piece.text;
  if (adds_prefix_space_ && text.front() != ' ') {
    prefixed = " " + std::string(text);
    text = prefixed;
  }
  std::string characters;
  const auto deliver = [&](std::size_t begin, std::size_t end) -> Result<void> {
    if (begin == end) return {};
    characters.clear();
    append_byte_characters(characters, text.substr(begin, end - begin));
    return sink.accept({characters, piece.is_at_start && begin == 0});
  };
  if (!pattern_) return deliver(0, text.size());
  RegexMatches matches(*pattern_, text);
  RegexMatches::Match match;
  std::size_t position = 0;
  while (matches.next(match)) {
    TESSERA_TRY_VOID(deliver(position, match.begin));
    TESSERA_TRY_VOID(deliver(match.begin, match.end));
    position = match.end;
  }
  TESSERA_TRY_VOID(matches.status());
  return deliver(position, text.size());
}

}  // namespace tessera
