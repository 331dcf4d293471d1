// The decoder steps that make characters of bytes.
#include <optional>

#include "tokenizer/byte_level.h"
#include "tokenizer/decoder_steps.h"
#include "tokenizer/unicode.h"

namespace tessera {
namespace {

class ByteLevelStep final : public DecoderStep {
 public:
  explicit ByteLevelStep(DecoderStep& next) : next_(next) {}

  void text(std::string_view text) override { piece_ += text; }
  void end_piece() override {
    append_character_bytes(bytes_, piece_);
    piece_.clear();
    hand_on(false);
  }
  void finish() override {
    hand_on(true);
    next_.end_piece();
    next_.finish();
  }

 private:
  void hand_on(bool is_final) {
    std::string text;
    bytes_.erase(0, append_as_utf8(text, bytes_, is_final));
    next_.text(text);
  }

  DecoderStep& next_;
  std::string piece_;
  std::string bytes_;  // the beginning of a character whose end is missing
};

class ByteLevelType final : public DecoderStepType {
 public:
  std::unique_ptr<DecoderStep> start(DecoderStep& next) const override {
    return std::make_unique<ByteLevelStep>(next);
  }
  std::string token_bytes(std::string token) const override {
    std::string bytes;
    append_character_bytes(bytes, token);
    return bytes;
  }
};

std::optional<int> hexadecimal_digit(char digit) {
  if (digit >= '0' && digit <= '9') return digit - '0';
  if (digit >= 'A' && digit <= 'F') return digit - 'A' + 10;
  if (digit >= 'a' && digit <= 'f') return digit - 'a' + 10;
  return std::nullopt;
}

// The byte of a token like <0xE2>.
std::optional<char> byte_of(std::string_view token) {
  if (token.size() != 6 || !token.starts_with("<0x") || token.back() != '>') return std::nullopt;
  const auto high = hexadecimal_digit(token[3]);
  const auto low = hexadecimal_digit(token[4]);
  if (!high || !low) return std::nullopt;
  return static_cast<char>(*high * 16 + *low);
}

class ByteFallbackStep final : public DecoderStep {
 public:
  explicit ByteFallbackStep(DecoderStep& next) : next_(next) {}

  void text(std::string_view text) override { piece_ += text; }
  void end_piece() override {
    if (const auto byte = byte_of(piece_)) {
      run_ += *byte;
    } else {
      end_run();
      next_.text(piece_);
      next_.end_piece();
    }
    piece_.clear();
  }
  void finish() override {
    end_run();
    next_.finish();
  }

 private:
  void end_run() {
    if (run_.empty()) return;
    if (is_valid_utf8(run_)) {
      next_.text(run_);
      next_.end_piece();
    } else {
      std::string replacement;
      append_code_point(replacement, kReplacementCharacter);
      for (std::size_t count = 0; count < run_.size(); ++count) {
        next_.text(replacement);
        next_.end_piece();
      }
    }
    run_.clear();
  }

  DecoderStep& next_;
  std::string piece_;
  std::string run_;
};

class ByteFallbackType final : public DecoderStepType {
 public:
  std::unique_ptr<DecoderStep> start(DecoderStep& next) const override {
    return std::make_unique<ByteFallbackStep>(next);
  }
  std::string token_bytes(std::string token) const override {
    const auto byte = byte_of(token);
    return byte ? std::string(1, *byte) : token;
  }
};

}  // namespace

DecoderStepTypeResult read_byte_level_decoder(const JsonObject&) {
  return std::unique_ptr<DecoderStepType>(std::make_unique<ByteLevelType>());
}

DecoderStepTypeResult read_byte_fallback_decoder(const JsonObject&) {
  return std::unique_ptr<DecoderStepType>(std::make_unique<ByteFallbackType>());
}

}  // namespace tessera
