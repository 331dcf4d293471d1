// tessera bench PACKAGE: prefill and decode speed, natively, medians of several runs.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <memory>
#include <random>
#include <utility>

#include "base/json_writer.h"
#include "generation/generator.h"
#include "tools/commands.h"
#include "tools/load_model.h"

namespace tessera {
namespace {

struct BenchOptions {
  LoadOptions load;
  std::int64_t prompt_tokens = 33;
  std::int64_t tokens = 32;
  int runs = 5;
  bool json = false;
};

struct Speed {
  double prefill_tokens_per_s = 0.0;
  double decode_tokens_per_s = 0.0;
};

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const std::size_t middle = values.size() / 2;
  if (values.size() % 2 == 1) return values[middle];
  return (values[middle - 1] + values[middle]) / 2.0;
}

// A prompt of random ids; another seed begins with another id, so that nothing is cached.
GenerationRequest random_request(const BenchOptions& options, std::int64_t vocabulary, int run) {
  std::mt19937 random(static_cast<std::uint32_t>(run));
  GenerationRequest request;
  for (std::int64_t i = 0; i < options.prompt_tokens; ++i) {
    request.prompt_ids.push_back(
        static_cast<std::int32_t>(random() % static_cast<std::uint64_t>(vocabulary)));
  }
  request.prompt_ids[0] = static_cast<std::int32_t>(run % vocabulary);
  // The first token needs no forward pass of its own.
  request.tokens_max = options.tokens + 1;
  request.sampling.temperature = 0.0f;
  request.ignores_end = true;
  return request;
}

Result<Speed> measure_once(Generator& generator, GenerationRequest request) {
  TESSERA_TRY_VOID(generator.start(std::move(request)));
  while (generator.is_active()) TESSERA_TRY_VOID(generator.step());
  const GenerationTimings& t = generator.timings();
  return Speed{static_cast<double>(t.prefill_tokens) / t.prefill_ms * 1e3,
               static_cast<double>(t.decode_tokens) / t.decode_ms * 1e3};
}

Result<Speed> measure(TextModel& model, const BenchOptions& options) {
  Generator generator(model);
  const std::int64_t vocabulary = model.decoder().configuration().vocabulary_size;
  std::vector<double> prefill, decode;
  for (int run = 0; run <= options.runs; ++run) {
    TESSERA_TRY(const Speed speed,
                measure_once(generator, random_request(options, vocabulary, run)));
    if (run == 0) continue;  // a warm-up
    prefill.push_back(speed.prefill_tokens_per_s);
    decode.push_back(speed.decode_tokens_per_s);
  }
  return Speed{median(prefill), median(decode)};
}

Result<void> run(BenchOptions options) {
  options.load.context_tokens_max = options.prompt_tokens + options.tokens + 1;
  TESSERA_TRY(const auto model, load_model(options.load));
  TESSERA_TRY(const Speed speed, measure(*model, options));
  if (!options.json) {
    std::printf(
        "prefill %.1f tokens/s (%lld tokens), decode %.1f tokens/s (%lld tokens), %d threads, "
        "%zu bytes of KV cache for each token\n",
        speed.prefill_tokens_per_s, static_cast<long long>(options.prompt_tokens),
        speed.decode_tokens_per_s, static_cast<long long>(options.tokens), options.load.threads,
        model->decoder().kv_bytes_per_token());
    return {};
  }
  JsonWriter json;
  json.begin_object();
  json.key("prefill_tokens_per_s").number(speed.prefill_tokens_per_s);
  json.key("decode_tokens_per_s").number(speed.decode_tokens_per_s);
  json.key("prompt_tokens").integer(options.prompt_tokens);
  json.key("tokens").integer(options.tokens);
  json.key("threads").integer(options.load.threads);
  json.key("kv_bytes_per_token")
      .integer(static_cast<std::int64_t>(model->decoder().kv_bytes_per_token()));
  json.key("runs").integer(options.runs);
  json.end_object();
  std::printf("%s\n", std::move(json).take().c_str());
  return {};
}

}  // namespace

void add_bench_command(CLI::App& app, int& exit_code) {
  CLI::App* command = app.add_subcommand("bench", "Measure prefill and decode speed");
  auto options = std::make_shared<BenchOptions>();
  add_load_options(*command, options->load);
  command->add_option("--prompt-tokens", options->prompt_tokens, "Tokens of the prompt")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  command->add_option("--tokens", options->tokens, "Tokens to decode")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  command->add_option("--runs", options->runs, "Runs to take the median of")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  command->add_flag("--json", options->json, "Print the result as JSON");
  command->callback([options, &exit_code] {
    const Result<void> result = run(*options);
    if (!result) exit_code = report_error(result.error());
  });
}

}  // namespace tessera
