#include "tokenizer/metaspace_pre_tokenizer.h"

#include "tokenizer/unicode.h"

namespace tessera {
namespace {

Result<PrependScheme> read_prepend_scheme(const JsonValue& value) {
  TESSERA_TRY(const std::string_view name, value.string());
  if (name == "always") return PrependScheme::kAlways;
  if (name == "first") return PrependScheme::kFirst;
  if (name == "never") return PrependScheme::kNever;
  return value.error("unknown prepend_scheme \"" + std::string(name) + "\"");
}

}  // namespace

Result<MetaspaceOptions> read_metaspace_options(const JsonObject& object) {
  MetaspaceOptions options;
  TESSERA_TRY(const JsonValue replacement_value, object.require("replacement"));
  TESSERA_TRY(const std::string_view replacement, replacement_value.string());
  if (replacement.empty() || code_point_at(replacement, 0).size_bytes != replacement.size()) {
    return replacement_value.error("expected one character");
  }
  options.replacement = replacement;
  if (const auto value = object.find("prepend_scheme")) {
    TESSERA_TRY(options.prepend_scheme, read_prepend_scheme(*value));
  }
  TESSERA_TRY(const auto adds_prefix_space, object.optional_boolean("add_prefix_space"));
  if (!adds_prefix_space.value_or(true)) options.prepend_scheme = PrependScheme::kNever;
  TESSERA_TRY(const auto splits, object.optional_boolean("split"));
  options.splits = splits.value_or(true);
  return options;
}

Result<std::unique_ptr<PreTokenizer>> MetaspacePreTokenizer::from_json(const JsonObject& object) {
  TESSERA_TRY(MetaspaceOptions options, read_metaspace_options(object));
  return std::unique_ptr<PreTokenizer>(std::make_unique<MetaspacePreTokenizer>(std::move(options)));
}

Result<void> MetaspacePreTokenizer::split(Piece piece, PieceSink& sink) const {
  const std::string& replacement = options_.replacement;
  const bool may_prepend = options_.prepend_scheme == PrependScheme::kAlways ||
                           (options_.prepend_scheme == PrependScheme::kFirst && piece.is_at_start);
  std::string text;
  text.reserve(piece.text.size() + replacement.size());
  if (may_prepend && piece.text.front() != ' ' && !piece.text.starts_with(replacement)) {
    text += replacement;
  }
  for (const char byte : piece.text) {
    if (byte == ' ') {
      text += replacement;
    } else {
      text += byte;
    }
  }
  if (!options_.splits) return sink.accept({text, piece.is_at_start});
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find(replacement, begin + 1), text.size());
    TESSERA_TRY_VOID(sink.accept(
        {std::string_view(text).substr(begin, end - begin), piece.is_at_start && begin == 0}));
    begin = end;
  }
  return {};
}

}  // namespace tessera
