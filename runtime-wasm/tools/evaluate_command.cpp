// tessera evaluate PACKAGE --text FILE: perplexity and top-1 accuracy over the tokens of a whole
// file, in windows that do not overlap, without a beginning token; each window of n tokens predicts
// its tokens 1..n from its tokens 0..n-1.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <memory>
#include <utility>

#include "base/json_writer.h"
#include "generation/generator.h"
#include "package/random_access_file.h"
#include "tools/bits_per_weight.h"
#include "tools/commands.h"
#include "tools/load_model.h"

namespace tessera {
namespace {

constexpr std::size_t kTextSizeBytesMax = std::size_t{1} << 30;

struct EvaluateOptions {
  LoadOptions load;
  std::string text_file;
  std::int64_t window_tokens = 512;
  std::int64_t windows_max = 0;  // 0: all that fit
  bool json = false;
};

struct Score {
  double loss = 0.0;  // sum of negative log probabilities, in nats
  std::int64_t correct = 0;
  std::int64_t tokens = 0;
  std::int64_t windows = 0;

  double perplexity() const { return std::exp(loss / static_cast<double>(tokens)); }
  double accuracy() const { return static_cast<double>(correct) / static_cast<double>(tokens); }
};

void score_position(std::span<const float> logits, std::int32_t target, Score& score) {
  const auto highest = std::max_element(logits.begin(), logits.end());
  double sum = 0.0;
  for (const float logit : logits) sum += std::exp(static_cast<double>(logit) - *highest);
  const auto index = static_cast<std::size_t>(target);
  score.loss += std::log(sum) + *highest - static_cast<double>(logits[index]);
  score.correct += highest - logits.begin() == target;
  ++score.tokens;
}

Result<Score> evaluate(TextModel& model, std::span<const std::int32_t> ids,
                       const EvaluateOptions& options) {
  Generator generator(model);
  const auto vocabulary = static_cast<std::size_t>(model.decoder().configuration().vocabulary_size);
  const auto window = static_cast<std::size_t>(options.window_tokens);
  Score score;
  while ((static_cast<std::size_t>(score.windows) + 1) * window < ids.size()) {
    if (options.windows_max > 0 && score.windows == options.windows_max) break;
    const std::size_t start = static_cast<std::size_t>(score.windows) * window;
    TESSERA_TRY(const auto logits, generator.forward_all(ids.subspan(start, window)));
    for (std::size_t i = 0; i < window; ++i) {
      score_position(std::span(logits).subspan(i * vocabulary, vocabulary), ids[start + i + 1],
                     score);
    }
    ++score.windows;
    if (!options.json) {
      std::fprintf(stderr, "\rwindow %lld: perplexity %.4f", static_cast<long long>(score.windows),
                   score.perplexity());
    }
  }
  if (!options.json) std::fprintf(stderr, "\n");
  return score;
}

void print_score(const Score& score, const BitsPerWeight& bits, bool as_json) {
  if (!as_json) {
    std::printf("perplexity %.4f, top-1 accuracy %.4f, %lld windows, %lld tokens\n",
                score.perplexity(), score.accuracy(), static_cast<long long>(score.windows),
                static_cast<long long>(score.tokens));
    std::printf("bits per weight: %.3f in linear layers, %.3f in the file\n", bits.linear,
                bits.file);
    return;
  }
  JsonWriter json;
  json.begin_object();
  json.key("perplexity").number(score.perplexity());
  json.key("top1_accuracy").number(score.accuracy());
  json.key("windows").integer(score.windows);
  json.key("tokens").integer(score.tokens);
  json.key("bits_per_weight").begin_object();
  json.key("linear").number(bits.linear);
  json.key("file").number(bits.file);
  json.end_object().end_object();
  std::printf("%s\n", std::move(json).take().c_str());
}

Result<void> run(EvaluateOptions options) {
  options.load.context_tokens_max = options.window_tokens;
  TESSERA_TRY(const auto model, load_model(options.load));
  if (model->tokenizer() == nullptr) {
    return Error{ErrorCode::kUnsupported, options.load.package + " has no tokenizer"};
  }
  TESSERA_TRY(const std::string text, read_text_file(options.text_file, kTextSizeBytesMax));
  TESSERA_TRY(const auto ids,
              model->tokenizer()->encode(text, EncodeOptions{.parse_special_tokens = false}));
  TESSERA_TRY(const Score score, evaluate(*model, ids, options));
  if (score.windows == 0) {
    return Error{ErrorCode::kInvalidArgument,
                 options.text_file + " has " + std::to_string(ids.size()) +
                     " tokens, fewer than one window of " + std::to_string(options.window_tokens) +
                     " and its next token"};
  }
  print_score(score, bits_per_weight(model->manifest()), options.json);
  return {};
}

}  // namespace

void add_evaluate_command(CLI::App& app, int& exit_code) {
  CLI::App* command = app.add_subcommand("evaluate", "Measure perplexity on a text");
  auto options = std::make_shared<EvaluateOptions>();
  add_load_options(*command, options->load);
  command->add_option("--text", options->text_file, "Text file")->required();
  command->add_option("--window", options->window_tokens, "Tokens in a window")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  command->add_option("--windows", options->windows_max, "Windows at most; 0: all that fit");
  command->add_flag("--json", options->json, "Print the result as JSON");
  command->callback([options, &exit_code] {
    const Result<void> result = run(*options);
    if (!result) exit_code = report_error(result.error());
  });
}

}  // namespace tessera
