// tessera generate PACKAGE --prompt T: continues a raw text, natively.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>
#include <utility>

#include "base/json_writer.h"
#include "generation/generator.h"
#include "tools/commands.h"
#include "tools/load_model.h"

namespace tessera {
namespace {

struct GenerateOptions {
  LoadOptions load;
  std::string prompt;
  GenerationRequest request;
  bool json = false;
};

struct Generated {
  std::vector<std::int32_t> ids;
  std::string text;
  GenerationTimings timings;
};

Result<Generated> generate(TextModel& model, const GenerateOptions& options,
                           std::vector<std::int32_t> prompt_ids) {
  Generator generator(model);
  GenerationRequest request = options.request;
  request.prompt_ids = std::move(prompt_ids);
  TESSERA_TRY_VOID(generator.start(std::move(request)));
  Generated generated;
  while (generator.is_active()) {
    TESSERA_TRY(const GenerationStep step, generator.step());
    const auto* token = std::get_if<GeneratedToken>(&step);
    if (token == nullptr) continue;
    generated.ids.push_back(token->token.id);
    generated.text += token->text;
    if (!options.json) {
      std::fwrite(token->text.data(), 1, token->text.size(), stdout);
      std::fflush(stdout);
    }
  }
  generated.timings = generator.timings();
  return generated;
}

void write_ids(JsonWriter& json, std::string_view key, std::span<const std::int32_t> ids) {
  json.key(key).begin_array();
  for (const std::int32_t id : ids) json.integer(id);
  json.end_array();
}

void print_json(std::span<const std::int32_t> prompt_ids, const Generated& generated) {
  const GenerationTimings& timings = generated.timings;
  JsonWriter json;
  json.begin_object();
  write_ids(json, "prompt_ids", prompt_ids);
  write_ids(json, "ids", generated.ids);
  json.key("text").string(generated.text);
  json.key("timings").begin_object();
  json.key("prompt_tokens").integer(timings.prefill_tokens);
  json.key("prefill_ms").number(timings.prefill_ms);
  json.key("tokens").integer(timings.decode_tokens);
  json.key("decode_ms").number(timings.decode_ms);
  json.end_object().end_object();
  std::printf("%s\n", std::move(json).take().c_str());
}

Result<void> run(const GenerateOptions& options) {
  TESSERA_TRY(const auto model, load_model(options.load));
  if (model->tokenizer() == nullptr) {
    return Error{ErrorCode::kUnsupported, options.load.package + " has no tokenizer"};
  }
  TESSERA_TRY(const auto prompt_ids, model->tokenizer()->encode(options.prompt, EncodeOptions{}));
  TESSERA_TRY(const Generated generated, generate(*model, options, prompt_ids));
  if (options.json) {
    print_json(prompt_ids, generated);
  } else {
    std::printf("\n");
  }
  return {};
}

}  // namespace

void add_generate_command(CLI::App& app, int& exit_code) {
  CLI::App* command = app.add_subcommand("generate", "Continue a text");
  auto options = std::make_shared<GenerateOptions>();
  options->request.sampling.temperature = 0.0f;
  add_load_options(*command, options->load);
  SamplingParameters& sampling = options->request.sampling;
  command->add_option("--prompt", options->prompt, "Raw text to continue")->required();
  command->add_option("--max-tokens", options->request.tokens_max, "Tokens at most")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  command->add_option("--temperature", sampling.temperature, "0: the most probable token");
  command->add_option("--top-k", sampling.top_k, "Keep the k most probable tokens; 0: all");
  command->add_option("--top-p", sampling.top_p, "Keep the fewest tokens that reach p");
  command->add_option("--min-p", sampling.min_p,
                      "Keep tokens min-p times as probable as the first");
  command->add_option("--repetition-penalty", sampling.repetition_penalty, "1: none");
  command->add_option("--seed", sampling.seed, "The same seed gives the same text");
  command->add_option("--stop", options->request.stop, "Text that ends the answer");
  command->add_flag("--ignore-end", options->request.ignores_end, "Go on past end tokens");
  command->add_flag("--json", options->json, "Print ids, text and timings as JSON");
  command->callback([options, &exit_code] {
    const Result<void> result = run(*options);
    if (!result) exit_code = report_error(result.error());
  });
}

}  // namespace tessera
