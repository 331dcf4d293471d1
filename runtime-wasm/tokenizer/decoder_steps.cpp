#include "tokenizer/decoder_steps.h"

#include <optional>

#include "tokenizer/metaspace_pre_tokenizer.h"
#include "tokenizer/pattern.h"
#include "tokenizer/unicode.h"

namespace tessera {
namespace {

constexpr std::int64_t kStripMax = 1 << 20;

// A type whose steps are of class Step and get the type's options.
template <typename Step, typename Options>
class StepTypeOf : public DecoderStepType {
 public:
  explicit StepTypeOf(Options options) : options_(std::move(options)) {}
  std::unique_ptr<DecoderStep> start(DecoderStep& next) const override {
    return std::make_unique<Step>(options_, next);
  }
  std::string token_bytes(std::string token) const override {
    return Step::token_bytes(options_, std::move(token));
  }

 private:
  Options options_;
};

template <typename Step, typename Options>
std::unique_ptr<DecoderStepType> make_type(Options options) {
  return std::make_unique<StepTypeOf<Step, Options>>(std::move(options));
}

std::string replace_all(std::string_view text, std::string_view from, std::string_view to) {
  std::string replaced;
  std::size_t position = 0;
  for (std::size_t found; (found = text.find(from, position)) != std::string_view::npos;
       position = found + from.size()) {
    replaced.append(text, position, found - position);
    replaced.append(to);
  }
  return replaced.append(text, position);
}

struct NoOptions {};

class FuseStep final : public DecoderStep {
 public:
  FuseStep(const NoOptions&, DecoderStep& next) : next_(next) {}
  static std::string token_bytes(const NoOptions&, std::string token) { return token; }

  void text(std::string_view text) override { next_.text(text); }
  void end_piece() override {}
  void finish() override {
    next_.end_piece();
    next_.finish();
  }

 private:
  DecoderStep& next_;
};

struct ReplaceOptions {
  Regex pattern;
  std::string content;
};

// A piece is changed when it is complete. One that takes too many steps stays as it is.
class ReplaceStep final : public DecoderStep {
 public:
  ReplaceStep(const ReplaceOptions& options, DecoderStep& next) : options_(options), next_(next) {}

  static std::string token_bytes(const ReplaceOptions& options, std::string token) {
    if (!is_valid_utf8(token)) return token;
    auto replaced = replace_matches(options.pattern, token, options.content);
    return replaced ? std::move(replaced).value() : token;
  }

  void text(std::string_view text) override { piece_ += text; }
  void end_piece() override {
    next_.text(token_bytes(options_, std::exchange(piece_, {})));
    next_.end_piece();
  }
  void finish() override { next_.finish(); }

 private:
  const ReplaceOptions& options_;
  DecoderStep& next_;
  std::string piece_;
};

struct StripOptions {
  std::string content;  // one character
  std::int64_t start_max = 0;
  std::int64_t stop_max = 0;
};

class StripStep final : public DecoderStep {
 public:
  StripStep(const StripOptions& options, DecoderStep& next) : options_(options), next_(next) {}
  static std::string token_bytes(const StripOptions&, std::string token) { return token; }

  void text(std::string_view text) override {
    std::string kept;
    for (std::size_t position = 0; position < text.size();) {
      const std::size_t size = code_point_at(text, position).size_bytes;
      add(text.substr(position, size), kept);
      position += size;
    }
    next_.text(kept);
  }
  void end_piece() override {
    is_at_start_ = true;
    stripped_ = 0;
    held_ = 0;
    next_.end_piece();
  }
  void finish() override { next_.finish(); }

 private:
  void add(std::string_view character, std::string& kept) {
    const bool is_content = character == options_.content;
    if (is_at_start_ && is_content && stripped_ < options_.start_max) {
      ++stripped_;
      return;
    }
    is_at_start_ = false;
    if (is_content && held_ < options_.stop_max) {
      ++held_;  // perhaps at the end
      return;
    }
    if (!is_content) {
      for (; held_ > 0; --held_) kept += options_.content;
    }
    kept += character;
  }

  const StripOptions& options_;
  DecoderStep& next_;
  bool is_at_start_ = true;
  std::int64_t stripped_ = 0;
  std::int64_t held_ = 0;
};

class MetaspaceStep final : public DecoderStep {
 public:
  MetaspaceStep(const MetaspaceOptions& options, DecoderStep& next)
      : options_(options),
        next_(next),
        drops_spaces_(options.prepend_scheme != PrependScheme::kNever) {}
  static std::string token_bytes(const MetaspaceOptions& options, std::string token) {
    return replace_all(token, options.replacement, " ");
  }

  void text(std::string_view text) override {
    next_.text(replace_all(text, options_.replacement, drops_spaces_ ? "" : " "));
  }
  void end_piece() override {
    drops_spaces_ = false;
    next_.end_piece();
  }
  void finish() override { next_.finish(); }

 private:
  const MetaspaceOptions& options_;
  DecoderStep& next_;
  bool drops_spaces_;  // in the first piece
};

class SuffixStep final : public DecoderStep {
 public:
  SuffixStep(const std::string& suffix, DecoderStep& next) : suffix_(suffix), next_(next) {}
  static std::string token_bytes(const std::string& suffix, std::string token) {
    return replace_all(token, suffix, " ");
  }

  void text(std::string_view text) override {
    release(" ");
    piece_ += text;
  }
  void end_piece() override {
    release(" ");
    is_complete_ = true;
  }
  void finish() override {
    release("");
    next_.finish();
  }

 private:
  // Hands on the piece before, once it is known whether it is the last.
  void release(std::string_view replacement) {
    if (!is_complete_) return;
    is_complete_ = false;
    next_.text(replace_all(std::exchange(piece_, {}), suffix_, replacement));
    next_.end_piece();
  }

  const std::string& suffix_;
  DecoderStep& next_;
  std::string piece_;
  bool is_complete_ = false;
};

class JoinStep final : public DecoderStep {
 public:
  JoinStep(const NoOptions&, DecoderStep& next) : next_(next) {}
  static std::string token_bytes(const NoOptions&, std::string token) { return token; }

  void text(std::string_view text) override {
    begin_piece();
    next_.text(text);
  }
  void end_piece() override {
    begin_piece();
    is_in_piece_ = false;
  }
  void finish() override {
    next_.end_piece();
    next_.finish();
  }

 private:
  void begin_piece() {
    if (is_in_piece_) return;
    if (!is_first_) next_.text(" ");
    is_first_ = false;
    is_in_piece_ = true;
  }

  DecoderStep& next_;
  bool is_first_ = true;
  bool is_in_piece_ = false;
};

}  // namespace

DecoderStepTypeResult read_fuse_decoder(const JsonObject&) {
  return make_type<FuseStep>(NoOptions{});
}

DecoderStepTypeResult read_replace_decoder(const JsonObject& object) {
  TESSERA_TRY(const JsonValue pattern_value, object.require("pattern"));
  TESSERA_TRY(Regex pattern, read_pattern(pattern_value));
  TESSERA_TRY(const std::string_view content, object.string("content"));
  return make_type<ReplaceStep>(ReplaceOptions{std::move(pattern), std::string(content)});
}

DecoderStepTypeResult read_strip_decoder(const JsonObject& object) {
  StripOptions options;
  TESSERA_TRY(const JsonValue content_value, object.require("content"));
  TESSERA_TRY(const std::string_view content, content_value.string());
  if (content.empty() || code_point_at(content, 0).size_bytes != content.size()) {
    return content_value.error("expected one character");
  }
  options.content = content;
  TESSERA_TRY(options.start_max, object.integer("start", 0, kStripMax));
  TESSERA_TRY(options.stop_max, object.integer("stop", 0, kStripMax));
  return make_type<StripStep>(std::move(options));
}

DecoderStepTypeResult read_metaspace_decoder(const JsonObject& object) {
  TESSERA_TRY(MetaspaceOptions options, read_metaspace_options(object));
  return make_type<MetaspaceStep>(std::move(options));
}

DecoderStepTypeResult read_suffix_decoder(const JsonObject& object) {
  TESSERA_TRY(const std::string_view suffix, object.string("suffix"));
  if (suffix.empty()) return object.value().error("the suffix is empty");
  return make_type<SuffixStep>(std::string(suffix));
}

std::unique_ptr<DecoderStepType> make_join_decoder() {
  return make_type<JoinStep>(NoOptions{});
}

}  // namespace tessera
