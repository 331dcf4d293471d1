#include "tokenizer/pre_tokenizer.h"

#include "tokenizer/byte_level_pre_tokenizer.h"
#include "tokenizer/metaspace_pre_tokenizer.h"
#include "tokenizer/split_pre_tokenizer.h"

namespace tessera {
namespace {

struct PreTokenizerType {
  std::string_view name;
  Result<std::unique_ptr<PreTokenizer>> (*from_json)(const JsonObject& object);
};

constexpr PreTokenizerType kPreTokenizerTypes[] = {
    {"ByteLevel", &ByteLevelPreTokenizer::from_json},
    {"Digits", &SplitPreTokenizer::digits_from_json},
    {"Metaspace", &MetaspacePreTokenizer::from_json},
    {"Punctuation", &SplitPreTokenizer::punctuation_from_json},
    {"Sequence", &PreTokenizerSequence::from_json},
    {"Split", &SplitPreTokenizer::from_json},
    {"Whitespace", &SplitPreTokenizer::whitespace_from_json},
    {"WhitespaceSplit", &SplitPreTokenizer::whitespace_split_from_json},
};

// Hands what it gets to the next step, and what that makes of it to the one behind.
class StepSink final : public PieceSink {
 public:
  using Steps = std::vector<std::unique_ptr<PreTokenizer>>;

  StepSink(const Steps& steps, std::size_t next, PieceSink& last)
      : steps_(steps), next_(next), last_(last) {}

  Result<void> accept(Piece piece) override {
    if (next_ == steps_.size()) return last_.accept(piece);
    StepSink behind(steps_, next_ + 1, last_);
    return steps_[next_]->split(piece, behind);
  }

 private:
  const Steps& steps_;
  std::size_t next_;
  PieceSink& last_;
};

}  // namespace

Result<std::unique_ptr<PreTokenizer>> PreTokenizer::from_json(const JsonValue& value) {
  TESSERA_TRY(const JsonObject object, value.object());
  TESSERA_TRY(const std::string_view name, object.string("type"));
  for (const PreTokenizerType& type : kPreTokenizerTypes) {
    if (type.name == name) return type.from_json(object);
  }
  return Error{ErrorCode::kUnsupported,
               value.path() + ": the pre-tokenizer \"" + std::string(name) + "\" is not supported"};
}

Result<std::unique_ptr<PreTokenizer>> PreTokenizerSequence::from_json(const JsonObject& object) {
  TESSERA_TRY(const auto values, object.array("pretokenizers"));
  std::vector<std::unique_ptr<PreTokenizer>> steps;
  for (const JsonValue& value : values) {
    TESSERA_TRY(auto step, PreTokenizer::from_json(value));
    steps.push_back(std::move(step));
  }
  return std::unique_ptr<PreTokenizer>(std::make_unique<PreTokenizerSequence>(std::move(steps)));
}

Result<void> PreTokenizerSequence::split(Piece piece, PieceSink& sink) const {
  return StepSink(steps_, 0, sink).accept(piece);
}

}  // namespace tessera
