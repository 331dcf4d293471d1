// tessera synthesize --architecture NAME ... --out DIR: a package of random weights, of any shape.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <memory>
#include <thread>

#include "tools/commands.h"
#include "tools/convert_model.h"
#include "tools/load_model.h"
#include "tools/package_output.h"
#include "tools/synthetic_model.h"

namespace tessera {
namespace {

constexpr std::int64_t kExtentMax = std::int64_t{1} << 24;

struct SynthesizeOptions {
  SyntheticOptions model;
  std::string weights = "q4";
  std::string directory;
  bool has_separate_output = false;
  bool force = false;
};

Result<void> run(SynthesizeOptions options) {
  options.model.ties_embeddings = !options.has_separate_output;
  TESSERA_TRY(const auto model, SyntheticModel::create(options.model));
  TESSERA_TRY(PackageOutput output, PackageOutput::create(options.directory, options.force));
  ConvertOptions convert_options;
  convert_options.weights = data_type_from_name(options.weights);
  convert_options.threads = static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
  TESSERA_TRY(const Manifest manifest, convert_model(*model, convert_options, output));
  TESSERA_TRY_VOID(output.commit(manifest));
  std::int64_t parameters = 0;
  for (const TensorEntry& tensor : manifest.tensors) parameters += tensor.shape.element_count();
  std::printf("%s: %s, %.1f million random parameters as %s\n", options.directory.c_str(),
              manifest.architecture.c_str(), static_cast<double>(parameters) / 1e6,
              options.weights.c_str());
  return {};
}

void add_extent(CLI::App& command, const char* flag, std::int64_t& value, const char* description) {
  command.add_option(flag, value, description)
      ->check(CLI::Range(std::int64_t{1}, kExtentMax))
      ->capture_default_str();
}

void add_options(CLI::App& command, SynthesizeOptions& options) {
  SyntheticOptions& model = options.model;
  command.add_option("--architecture", model.architecture, "Model family")
      ->check(CLI::IsMember({"llama", "qwen2", "qwen3"}))
      ->capture_default_str();
  add_extent(command, "--hidden-size", model.hidden_size, "Width of the residual stream");
  add_extent(command, "--intermediate-size", model.intermediate_size, "Width of the MLP");
  add_extent(command, "--layers", model.layers, "Layers");
  add_extent(command, "--query-heads", model.query_heads, "Query heads");
  add_extent(command, "--key-value-heads", model.key_value_heads, "Key and value heads");
  command
      .add_option("--head-size", model.head_size, "Size of a head; 0: hidden size / query heads")
      ->check(CLI::Range(std::int64_t{0}, kExtentMax));
  add_extent(command, "--vocabulary-size", model.vocabulary_size, "Tokens of the vocabulary");
  add_extent(command, "--context", model.context_tokens_max, "Tokens of context");
  command.add_flag("--separate-output", options.has_separate_output,
                   "An output matrix of its own instead of the embedding");
  command.add_option("--weights", options.weights, "Type of all matrices, as in convert")
      ->check(CLI::IsMember({"f32", "f16", "q8", "q4", "q4s", "q4m", "q3", "q2"}))
      ->capture_default_str();
  command.add_option("--seed", model.seed, "The same seed gives the same weights")
      ->capture_default_str();
  command.add_option("--name", model.name, "The model's name")->capture_default_str();
  command.add_option("--out", options.directory, "Directory to make")->required();
  command.add_flag("--force", options.force, "Replace a package that is there already");
}

}  // namespace

void add_synthesize_command(CLI::App& app, int& exit_code) {
  CLI::App* command = app.add_subcommand("synthesize", "Make a package of random weights");
  auto options = std::make_shared<SynthesizeOptions>();
  add_options(*command, *options);
  command->callback([options, &exit_code] {
    const Result<void> result = run(*options);
    if (!result) exit_code = report_error(result.error());
  });
}

}  // namespace tessera
