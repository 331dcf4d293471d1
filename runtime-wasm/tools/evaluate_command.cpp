// tessera evaluate PACKAGE --text FILE: perplexity and top-1 accuracy over the tokens of a whole
// file, in windows that do not overlap, without a beginning token; each window of n tokens predicts
// its tokens 1..n from its tokens 0..n-1. With --against, also how far the package's distributions
// are from another's.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <memory>
#include <optional>
#include <utility>

#include "base/json_writer.h"
#include "generation/generator.h"
#include "package/random_access_file.h"
#include "tools/bits_per_weight.h"
#include "tools/commands.h"
#include "tools/divergence.h"
#include "tools/load_model.h"

namespace tessera {
namespace {

constexpr std::size_t kTextSizeBytesMax = std::size_t{1} << 30;

struct EvaluateOptions {
  LoadOptions load;
  std::string text_file;
  std::string against;  // another package, or empty
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

// How far this package's distributions are from another's, at every position.
struct Comparison {
  std::vector<double> divergences;  // KL(other || this), in nats
  std::int64_t agreements = 0;      // the same token is most likely

  double mean() const {
    double sum = 0.0;
    for (const double divergence : divergences) sum += divergence;
    return sum / static_cast<double>(divergences.size());
  }
  double percentile(double share) const {
    std::vector<double> sorted = divergences;
    const auto at = sorted.begin() +
                    static_cast<std::ptrdiff_t>(share * static_cast<double>(sorted.size() - 1));
    std::nth_element(sorted.begin(), at, sorted.end());
    return *at;
  }
  double agreement() const {
    return static_cast<double>(agreements) / static_cast<double>(divergences.size());
  }
};

void compare_position(std::span<const float> ours, std::span<const float> other,
                      Comparison& comparison) {
  comparison.divergences.push_back(kl_divergence(ours, other));
  comparison.agreements += std::max_element(ours.begin(), ours.end()) - ours.begin() ==
                           std::max_element(other.begin(), other.end()) - other.begin();
}

void score_position(std::span<const float> logits, std::int32_t target, Score& score) {
  const auto highest = std::max_element(logits.begin(), logits.end());
  const auto index = static_cast<std::size_t>(target);
  score.loss += log_sum_of_exp(logits) - static_cast<double>(logits[index]);
  score.correct += highest - logits.begin() == target;
  ++score.tokens;
}

// `other` may be null; otherwise `comparison` is filled.
Result<Score> evaluate(TextModel& model, TextModel* other, std::span<const std::int32_t> ids,
                       const EvaluateOptions& options, Comparison& comparison) {
  Generator generator(model);
  std::optional<Generator> other_generator;
  if (other != nullptr) other_generator.emplace(*other);
  const auto vocabulary = static_cast<std::size_t>(model.decoder().configuration().vocabulary_size);
  const auto window = static_cast<std::size_t>(options.window_tokens);
  Score score;
  while ((static_cast<std::size_t>(score.windows) + 1) * window < ids.size()) {
    if (options.windows_max > 0 && score.windows == options.windows_max) break;
    const std::size_t start = static_cast<std::size_t>(score.windows) * window;
    TESSERA_TRY(const auto logits, generator.forward_all(ids.subspan(start, window)));
    std::vector<float> other_logits;
    if (other_generator) {
      TESSERA_TRY(other_logits, other_generator->forward_all(ids.subspan(start, window)));
    }
    for (std::size_t i = 0; i < window; ++i) {
      const auto ours = std::span<const float>(logits).subspan(i * vocabulary, vocabulary);
      score_position(ours, ids[start + i + 1], score);
      if (!other_generator) continue;
      compare_position(ours,
                       std::span<const float>(other_logits).subspan(i * vocabulary, vocabulary),
                       comparison);
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

void print_score(const Score& score, const Comparison& comparison, const BitsPerWeight& bits,
                 TextModel& model, bool as_json) {
  const std::size_t resident_bytes = model.backend().memory_use().total_bytes();
  const std::size_t kv_bytes = model.decoder().kv_bytes_per_token();
  const bool is_compared = !comparison.divergences.empty();
  if (!as_json) {
    std::printf("perplexity %.4f, top-1 accuracy %.4f, %lld windows, %lld tokens\n",
                score.perplexity(), score.accuracy(), static_cast<long long>(score.windows),
                static_cast<long long>(score.tokens));
    std::printf("bits per weight: %.3f in linear layers, %.3f in the file\n", bits.linear,
                bits.file);
    std::printf("resident: %zu bytes; %zu bytes of KV cache for each token\n", resident_bytes,
                kv_bytes);
    if (is_compared) {
      std::printf(
          "against the other: KL divergence %.5f on average, %.5f at the 99th percentile; "
          "top-1 agreement %.4f\n",
          comparison.mean(), comparison.percentile(0.99), comparison.agreement());
    }
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
  json.end_object();
  json.key("resident_bytes").integer(static_cast<std::int64_t>(resident_bytes));
  json.key("kv_bytes_per_token").integer(static_cast<std::int64_t>(kv_bytes));
  if (is_compared) {
    json.key("against").begin_object();
    json.key("kl_divergence_mean").number(comparison.mean());
    json.key("kl_divergence_p99").number(comparison.percentile(0.99));
    json.key("top1_agreement").number(comparison.agreement()).end_object();
  }
  json.end_object();
  std::printf("%s\n", std::move(json).take().c_str());
}

// The package to compare with. Errors: kInvalidArgument if its vocabulary has another size.
Result<std::unique_ptr<TextModel>> load_other(const EvaluateOptions& options, TextModel& model) {
  LoadOptions load = options.load;
  load.package = options.against;
  TESSERA_TRY(auto other, load_model(load));
  const std::int64_t ours = model.decoder().configuration().vocabulary_size;
  const std::int64_t theirs = other->decoder().configuration().vocabulary_size;
  if (ours != theirs) {
    return Error{ErrorCode::kInvalidArgument,
                 options.against + " has a vocabulary of " + std::to_string(theirs) + ", " +
                     options.load.package + " one of " + std::to_string(ours) +
                     "; compare packages of the same model"};
  }
  return other;
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
  std::unique_ptr<TextModel> other;
  if (!options.against.empty()) {
    TESSERA_TRY(other, load_other(options, *model));
  }
  Comparison comparison;
  TESSERA_TRY(const Score score, evaluate(*model, other.get(), ids, options, comparison));
  if (score.windows == 0) {
    return Error{ErrorCode::kInvalidArgument,
                 options.text_file + " has " + std::to_string(ids.size()) +
                     " tokens, fewer than one window of " + std::to_string(options.window_tokens) +
                     " and its next token"};
  }
  print_score(score, comparison, bits_per_weight(model->manifest()), *model, options.json);
  return {};
}

}  // namespace

void add_evaluate_command(CLI::App& app, int& exit_code) {
  CLI::App* command = app.add_subcommand("evaluate", "Measure perplexity on a text");
  auto options = std::make_shared<EvaluateOptions>();
  add_load_options(*command, options->load);
  command->add_option("--text", options->text_file, "Text file")->required();
  command->add_option("--against", options->against,
                      "Another package of the same model, to compare distributions with");
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
