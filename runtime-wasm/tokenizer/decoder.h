// Decoders: how token texts become text again. A decoder's steps work as a stream of pieces (each a
// token's text), and a step hands on text as soon as nothing behind can change it. So what a whole
// sequence decodes to and what is shown while it grows agree by construction.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"

namespace tessera {

// One step at work. It hands its output to the step behind it, which outlives the calls.
class DecoderStep {
 public:
  virtual ~DecoderStep() = default;
  virtual void text(std::string_view text) = 0;  // more of the current piece; valid UTF-8
  virtual void end_piece() = 0;
  virtual void finish() = 0;  // after the last piece; nothing may follow
};

// The description of a step; immutable.
class DecoderStepType {
 public:
  virtual ~DecoderStepType() = default;
  virtual std::unique_ptr<DecoderStep> start(DecoderStep& next) const = 0;
  // What the step makes of a token wherever it stands; any bytes may go in and come out.
  virtual std::string token_bytes(std::string token) const { return token; }
};

class Decoder {
 public:
  using Steps = std::vector<std::unique_ptr<DecoderStepType>>;

  // Without a description tokens are joined by spaces.
  Decoder();
  // Reads the "decoder" of a tokenizer.json. Errors: kUnsupported for a type not implemented.
  static Result<Decoder> from_json(const JsonValue& value);

  const Steps& steps() const { return steps_; }
  // What a token contributes to a text, apart from changes at the text's ends. May be part of a
  // character.
  std::string token_bytes(std::string_view token) const;

 private:
  explicit Decoder(Steps steps) : steps_(std::move(steps)) {}

  Steps steps_;
};

// A decoder at work on one sequence of tokens. The decoder must outlive it.
class DecoderRun {
 public:
  explicit DecoderRun(const Decoder& decoder);
  ~DecoderRun();

  void push(std::string_view token);
  void finish();
  // The text that is certain and was not taken yet; whole characters.
  std::string take_text();

 private:
  class Sink;
  std::unique_ptr<Sink> sink_;
  std::vector<std::unique_ptr<DecoderStep>> steps_;  // the last one comes first
};

}  // namespace tessera
