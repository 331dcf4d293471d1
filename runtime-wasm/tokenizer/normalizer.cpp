#include "tokenizer/normalizer.h"

#include <utf8proc.h>

#include <vector>

#include "tokenizer/byte_level.h"
#include "tokenizer/pattern.h"
#include "tokenizer/unicode.h"

namespace tessera {
namespace {

using NormalizerResult = Result<std::unique_ptr<Normalizer>>;

// NFC, NFD, NFKC or NFKD (Unicode Standard Annex 15).
class UnicodeForm final : public Normalizer {
 public:
  explicit UnicodeForm(int options) : options_(static_cast<utf8proc_option_t>(options)) {}

  Result<std::string> normalize(std::string text) const override {
    // One element more for the zero that reencoding puts behind the text.
    std::vector<utf8proc_int32_t> buffer(text.size() + 1);
    utf8proc_ssize_t size = decompose(text, buffer);
    if (size >= static_cast<utf8proc_ssize_t>(buffer.size())) {
      buffer.resize(static_cast<std::size_t>(size) + 1);
      size = decompose(text, buffer);
    }
    if (size >= 0) size = utf8proc_reencode(buffer.data(), size, options_);
    if (size < 0) {
      return Error{ErrorCode::kInternal,
                   std::string("normalizing a text: ") + utf8proc_errmsg(size)};
    }
    text.assign(reinterpret_cast<const char*>(buffer.data()), static_cast<std::size_t>(size));
    return text;
  }

  template <int kOptions>
  static NormalizerResult from_json(const JsonObject&) {
    return std::unique_ptr<Normalizer>(std::make_unique<UnicodeForm>(kOptions));
  }

 private:
  // The size needed, in elements, or an error code.
  utf8proc_ssize_t decompose(std::string_view text, std::vector<utf8proc_int32_t>& buffer) const {
    return utf8proc_decompose(reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
                              static_cast<utf8proc_ssize_t>(text.size()), buffer.data(),
                              static_cast<utf8proc_ssize_t>(buffer.size()), options_);
  }

  utf8proc_option_t options_;
};

class Lowercase final : public Normalizer {
 public:
  Result<std::string> normalize(std::string text) const override {
    std::string lower;
    for (std::size_t position = 0; position < text.size();) {
      const CodePoint next = code_point_at(text, position);
      position += next.size_bytes;
      if (next.value == 0x130) {  // I with a dot: the one letter whose lower case is two characters
        lower += "i\u0307";
      } else {
        append_code_point(lower, to_lower(next.value));
      }
    }
    return lower;
  }

  static NormalizerResult from_json(const JsonObject&) {
    return std::unique_ptr<Normalizer>(std::make_unique<Lowercase>());
  }
};

class StripAccents final : public Normalizer {
 public:
  Result<std::string> normalize(std::string text) const override {
    static const CategoryMask kMarks = categories_named("M");
    std::string stripped;
    for (std::size_t position = 0; position < text.size();) {
      const CodePoint next = code_point_at(text, position);
      position += next.size_bytes;
      if ((category_of(next.value) & kMarks) == 0) append_code_point(stripped, next.value);
    }
    return stripped;
  }

  static NormalizerResult from_json(const JsonObject&) {
    return std::unique_ptr<Normalizer>(std::make_unique<StripAccents>());
  }
};

class StripSpaces final : public Normalizer {
 public:
  StripSpaces(bool left, bool right) : left_(left), right_(right) {}

  Result<std::string> normalize(std::string text) const override {
    std::size_t begin = 0;
    std::size_t end = text.size();
    while (left_ && begin < end) {
      const CodePoint next = code_point_at(text, begin);
      if (!is_space(next.value)) break;
      begin += next.size_bytes;
    }
    while (right_ && end > begin) {
      const std::size_t previous = previous_position(text, end);
      if (!is_space(code_point_at(text, previous).value)) break;
      end = previous;
    }
    return text.substr(begin, end - begin);
  }

  static NormalizerResult from_json(const JsonObject& object) {
    TESSERA_TRY(const bool left, object.boolean("strip_left"));
    TESSERA_TRY(const bool right, object.boolean("strip_right"));
    return std::unique_ptr<Normalizer>(std::make_unique<StripSpaces>(left, right));
  }

 private:
  bool left_;
  bool right_;
};

class Prepend final : public Normalizer {
 public:
  explicit Prepend(std::string_view prefix) : prefix_(prefix) {}

  Result<std::string> normalize(std::string text) const override {
    if (text.empty()) return text;
    return prefix_ + text;
  }

  static NormalizerResult from_json(const JsonObject& object) {
    TESSERA_TRY(const std::string_view prefix, object.string("prepend"));
    return std::unique_ptr<Normalizer>(std::make_unique<Prepend>(prefix));
  }

 private:
  std::string prefix_;
};

class Replace final : public Normalizer {
 public:
  Replace(Regex pattern, std::string_view content)
      : pattern_(std::move(pattern)), content_(content) {}

  Result<std::string> normalize(std::string text) const override {
    return replace_matches(pattern_, text, content_);
  }

  static NormalizerResult from_json(const JsonObject& object) {
    TESSERA_TRY(const JsonValue pattern_value, object.require("pattern"));
    TESSERA_TRY(Regex pattern, read_pattern(pattern_value));
    TESSERA_TRY(const std::string_view content, object.string("content"));
    return std::unique_ptr<Normalizer>(std::make_unique<Replace>(std::move(pattern), content));
  }

 private:
  Regex pattern_;
  std::string content_;
};

class ByteCharacters final : public Normalizer {
 public:
  Result<std::string> normalize(std::string text) const override {
    std::string characters;
    append_byte_characters(characters, text);
    return characters;
  }

  static NormalizerResult from_json(const JsonObject&) {
    return std::unique_ptr<Normalizer>(std::make_unique<ByteCharacters>());
  }
};

class NormalizerSequence final : public Normalizer {
 public:
  explicit NormalizerSequence(std::vector<std::unique_ptr<Normalizer>> steps)
      : steps_(std::move(steps)) {}

  Result<std::string> normalize(std::string text) const override {
    for (const auto& step : steps_) {
      TESSERA_TRY(text, step->normalize(std::move(text)));
    }
    return text;
  }

  static NormalizerResult from_json(const JsonObject& object) {
    TESSERA_TRY(const auto values, object.array("normalizers"));
    std::vector<std::unique_ptr<Normalizer>> steps;
    for (const JsonValue& value : values) {
      TESSERA_TRY(auto step, Normalizer::from_json(value));
      steps.push_back(std::move(step));
    }
    return std::unique_ptr<Normalizer>(std::make_unique<NormalizerSequence>(std::move(steps)));
  }

 private:
  std::vector<std::unique_ptr<Normalizer>> steps_;
};

struct NormalizerType {
  std::string_view name;
  NormalizerResult (*from_json)(const JsonObject& object);
};

constexpr int kCompose = UTF8PROC_STABLE | UTF8PROC_COMPOSE;
constexpr int kDecompose = UTF8PROC_STABLE | UTF8PROC_DECOMPOSE;

constexpr NormalizerType kNormalizerTypes[] = {
    {"NFC", &UnicodeForm::from_json<kCompose>},
    {"NFD", &UnicodeForm::from_json<kDecompose>},
    {"NFKC", &UnicodeForm::from_json<kCompose | UTF8PROC_COMPAT>},
    {"NFKD", &UnicodeForm::from_json<kDecompose | UTF8PROC_COMPAT>},
    {"Lowercase", &Lowercase::from_json},
    {"StripAccents", &StripAccents::from_json},
    {"Strip", &StripSpaces::from_json},
    {"Prepend", &Prepend::from_json},
    {"Replace", &Replace::from_json},
    {"ByteLevel", &ByteCharacters::from_json},
    {"Sequence", &NormalizerSequence::from_json},
};

}  // namespace

Result<std::unique_ptr<Normalizer>> Normalizer::from_json(const JsonValue& value) {
  TESSERA_TRY(const JsonObject object, value.object());
  TESSERA_TRY(const std::string_view name, object.string("type"));
  for (const NormalizerType& type : kNormalizerTypes) {
    if (type.name == name) return type.from_json(object);
  }
  return Error{ErrorCode::kUnsupported,
               value.path() + ": the normalizer \"" + std::string(name) + "\" is not supported"};
}

}  // namespace tessera
