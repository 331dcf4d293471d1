#include "tokenizer/decoder.h"

#include "tokenizer/decoder_steps.h"

namespace tessera {
namespace {

using StepTypeResult = Result<std::unique_ptr<DecoderStepType>>;

struct DecoderType {
  std::string_view name;
  StepTypeResult (*from_json)(const JsonObject& object);
};

constexpr DecoderType kDecoderTypes[] = {
    {"BPEDecoder", &read_suffix_decoder},    {"ByteFallback", &read_byte_fallback_decoder},
    {"ByteLevel", &read_byte_level_decoder}, {"Fuse", &read_fuse_decoder},
    {"Metaspace", &read_metaspace_decoder},  {"Replace", &read_replace_decoder},
    {"Strip", &read_strip_decoder},
};

Result<void> append_steps(const JsonValue& value, Decoder::Steps& steps) {
  TESSERA_TRY(const JsonObject object, value.object());
  TESSERA_TRY(const std::string_view name, object.string("type"));
  if (name == "Sequence") {
    TESSERA_TRY(const auto decoders, object.array("decoders"));
    for (const JsonValue& decoder : decoders) TESSERA_TRY_VOID(append_steps(decoder, steps));
    return {};
  }
  for (const DecoderType& type : kDecoderTypes) {
    if (type.name != name) continue;
    TESSERA_TRY(auto step, type.from_json(object));
    steps.push_back(std::move(step));
    return {};
  }
  return Error{ErrorCode::kUnsupported,
               value.path() + ": the decoder \"" + std::string(name) + "\" is not supported"};
}

}  // namespace

Decoder::Decoder() {
  steps_.push_back(make_join_decoder());
}

Result<Decoder> Decoder::from_json(const JsonValue& value) {
  Steps steps;
  TESSERA_TRY_VOID(append_steps(value, steps));
  return Decoder(std::move(steps));
}

std::string Decoder::token_bytes(std::string_view token) const {
  std::string bytes(token);
  for (const auto& step : steps_) bytes = step->token_bytes(std::move(bytes));
  return bytes;
}

class DecoderRun::Sink final : public DecoderStep {
 public:
  void text(std::string_view text) override { collected_ += text; }
  void end_piece() override {}
  void finish() override {}

  std::string take() { return std::exchange(collected_, {}); }

 private:
  std::string collected_;
};

DecoderRun::DecoderRun(const Decoder& decoder) : sink_(std::make_unique<Sink>()) {
  DecoderStep* next = sink_.get();
  for (auto type = decoder.steps().rbegin(); type != decoder.steps().rend(); ++type) {
    steps_.push_back((*type)->start(*next));
    next = steps_.back().get();
  }
}

DecoderRun::~DecoderRun() = default;

void DecoderRun::push(std::string_view token) {
  DecoderStep& first = steps_.empty() ? *sink_ : *steps_.back();
  first.text(token);
  first.end_piece();
}

void DecoderRun::finish() {
  DecoderStep& first = steps_.empty() ? *sink_ : *steps_.back();
  first.finish();
}

std::string DecoderRun::take_text() {
  return sink_->take();
}

}  // namespace tessera
