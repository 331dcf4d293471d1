// tessera convert SOURCE --out DIR [--weights TYPE]: makes a model package.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>
#include <thread>
#include <utility>

#include "tools/commands.h"
#include "tools/convert_model.h"
#include "tools/load_model.h"
#include "tools/open_source.h"
#include "tools/package_output.h"

namespace tessera {
namespace {

struct ConvertCommandOptions {
  std::string source;
  std::string directory;
  std::string weights;
  std::string name;
  bool force = false;
  bool quiet = false;
};

void print_progress(std::size_t done, std::size_t total) {
  std::fprintf(stderr, "\r%zu of %zu tensors", done, total);
  if (done == total) std::fprintf(stderr, "\n");
}

Result<void> run(const ConvertCommandOptions& options) {
  TESSERA_TRY(const auto source, open_source(options.source, options.name));
  TESSERA_TRY(PackageOutput output, PackageOutput::create(options.directory, options.force));
  ConvertOptions convert_options;
  if (!options.weights.empty()) convert_options.weights = data_type_from_name(options.weights);
  convert_options.threads = static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
  // A line that is written over and over belongs on a screen, not in a log.
  const bool is_watched = !options.quiet && isatty(STDERR_FILENO) != 0;
  if (is_watched) convert_options.on_progress = print_progress;
  auto manifest = convert_model(*source, convert_options, output);
  if (!manifest) return manifest.error().with_context(options.source);
  TESSERA_TRY_VOID(output.commit(*manifest));
  std::uint64_t size_bytes = 0;
  for (const ShardEntry& shard : manifest->shards) size_bytes += shard.size_bytes;
  std::printf("%s: %s, %s, %zu tensors in %zu shards, %.1f MB\n", options.directory.c_str(),
              manifest->name.c_str(), manifest->architecture.c_str(), manifest->tensors.size(),
              manifest->shards.size(), static_cast<double>(size_bytes) / 1e6);
  return {};
}

}  // namespace

void add_convert_command(CLI::App& app, int& exit_code) {
  CLI::App* command = app.add_subcommand(
      "convert", "Make a model package from a Hugging Face folder or a GGUF file");
  auto options = std::make_shared<ConvertCommandOptions>();
  command->add_option("SOURCE", options->source, "Folder with safetensors, or GGUF file")
      ->required();
  command->add_option("--out", options->directory, "Directory to make")->required();
  command
      ->add_option("--weights", options->weights,
                   "Type of all matrices; without it they keep what the source has, as closely as "
                   "possible. With q4 and q4m, embedding and output are q8")
      ->check(CLI::IsMember({"f32", "f16", "q8", "q4", "q4m"}));
  command->add_option("--name", options->name, "The model's name; by default that of the source");
  command->add_flag("--force", options->force, "Replace a package that is there already");
  command->add_flag("--quiet", options->quiet, "Print no progress");
  command->callback([options, &exit_code] {
    const Result<void> result = run(*options);
    if (!result) exit_code = report_error(result.error());
  });
}

}  // namespace tessera
