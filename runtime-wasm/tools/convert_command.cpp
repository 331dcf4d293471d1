// tessera convert SOURCE --out DIR [--weights TYPE]: makes a model package. Weights of fewer than 4
// bits are calibrated unless --uncalibrated is given, weights of 4 bits with --calibration: what is
// not calibrated is streamed, and takes little memory and time.
#include <sys/resource.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <thread>
#include <utility>

#include "tools/commands.h"
#include "tools/convert_model.h"
#include "tools/load_model.h"
#include "tools/measure_kv_rows.h"
#include "tools/open_source.h"
#include "tools/package_output.h"
#include "tools/quantize_model.h"

namespace tessera {
namespace {

struct ConvertCommandOptions {
  std::string source;
  std::string directory;
  std::string weights;
  std::string name;
  std::string calibration_file;
  std::string embedding;
  std::string report_file;
  int tuning_steps = -1;
  bool uncalibrated = false;
  bool force = false;
  bool quiet = false;
};

void print_progress(std::size_t done, std::size_t total) {
  std::fprintf(stderr, "\r%zu of %zu tensors", done, total);
  if (done == total) std::fprintf(stderr, "\n");
}

int hardware_threads() {
  return static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
}

double peak_memory_mb() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1e3;
}

Result<void> write_report(const std::string& path, const std::string& json) {
  std::FILE* file = std::fopen(path.c_str(), "wb");
  const bool is_written = file != nullptr && std::fputs(json.c_str(), file) >= 0;
  if (file != nullptr) std::fclose(file);
  if (is_written) return {};
  return Error{ErrorCode::kIo, path + ": the report cannot be written there"};
}

constexpr const char* kBuiltinText = "builtin";

bool needs_calibration(const ConvertCommandOptions& options) {
  if (options.uncalibrated) return false;
  if (options.weights == "q4" || options.weights == "q4s") return !options.calibration_file.empty();
  return options.weights == "q3" || options.weights == "q2" ||
         options.weights.starts_with("mixed:");
}

Result<QuantizedModel> calibrate(const ModelSource& source, const ConvertCommandOptions& options,
                                 int threads) {
  QuantizeOptions quantize_options;
  quantize_options.weights = data_type_from_name(options.weights).value_or(DataType::kQ2);
  if (options.weights.starts_with("mixed:")) {
    quantize_options.mixed_bits = std::strtod(options.weights.c_str() + 6, nullptr);
  }
  if (!options.embedding.empty()) {
    quantize_options.embedding = data_type_from_name(options.embedding);
  }
  if (options.calibration_file != kBuiltinText) {
    quantize_options.calibration_file = options.calibration_file;
  }
  quantize_options.tuning_steps = options.tuning_steps;
  quantize_options.threads = threads;
  quantize_options.quiet = options.quiet;
  return quantize_model(source, quantize_options);
}

Result<void> run(const ConvertCommandOptions& options) {
  if (!options.embedding.empty() && !needs_calibration(options)) {
    return Error{ErrorCode::kInvalidArgument,
                 "--embedding goes with weights that are calibrated: q3, q2, mixed:BITS, or q4 and "
                 "q4s with --calibration"};
  }
  TESSERA_TRY(const auto source, open_source(options.source, options.name));
  TESSERA_TRY(PackageOutput output, PackageOutput::create(options.directory, options.force));
  ConvertOptions convert_options;
  convert_options.weights = data_type_from_name(options.weights);
  QuantizedModel quantized;
  if (needs_calibration(options)) {
    auto result = calibrate(*source, options, hardware_threads());
    if (!result) return result.error().with_context(options.source);
    quantized = std::move(*result);
    convert_options.weights = convert_options.weights.value_or(DataType::kQ8);
    convert_options.finished = &quantized.tensors;
    convert_options.added = quantized.codecs;
    convert_options.quantization_json = quantized.quantization_json;
    if (!options.report_file.empty()) {
      TESSERA_TRY_VOID(write_report(options.report_file, quantized.quantization_json + "\n"));
    }
  }
  convert_options.threads = hardware_threads();
  // A line that is written over and over belongs on a screen, not in a log.
  const bool is_watched = !options.quiet && isatty(STDERR_FILENO) != 0;
  if (is_watched) convert_options.on_progress = print_progress;
  auto manifest = convert_model(*source, convert_options, output);
  if (!manifest) return manifest.error().with_context(options.source);
  if (!quantized.codecs.empty()) {
    TESSERA_TRY(const PackageDirectory unfinished,
                PackageDirectory::open_unfinished(output.partial(), *manifest));
    TESSERA_TRY(manifest->kv_rows,
                measure_kv_rows(unfinished, quantized.text,
                                {.threads = hardware_threads(), .quiet = options.quiet}));
  }
  TESSERA_TRY_VOID(output.commit(*manifest));
  std::uint64_t size_bytes = 0;
  for (const ShardEntry& shard : manifest->shards) size_bytes += shard.size_bytes;
  std::printf("%s: %s, %s, %zu tensors in %zu shards, %.1f MB\n", options.directory.c_str(),
              manifest->name.c_str(), manifest->architecture.c_str(), manifest->tensors.size(),
              manifest->shards.size(), static_cast<double>(size_bytes) / 1e6);
  if (!options.quiet) std::fprintf(stderr, "peak memory %.0f MB\n", peak_memory_mb());
  return {};
}

std::string check_weights(const std::string& weights) {
  if (weights.starts_with("mixed:")) {
    char* end = nullptr;
    const double bits = std::strtod(weights.c_str() + 6, &end);
    return *end == '\0' && bits > 0.0 && bits <= 32.0 ? "" : weights + ": write mixed:2.6";
  }
  const auto type = data_type_from_name(weights);
  if (type && *type != DataType::kI32 && *type != DataType::kKvRows) return "";
  return weights + " is no type of weights; known: f32, f16, q8, q4m, q4, q4s, q3, q2, mixed:BITS";
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
      ->add_option(
          "--weights", options->weights,
          "Type of all matrices; without it they keep what the source has, as closely as "
          "possible. f32, f16, q8, q4m, q4, q4s; q3 and q2, which are calibrated; mixed:BITS, "
          "the best formats under so many bits per weight, embedding and output "
          "included. From q4m down, embedding and output are q8. What is calibrated also gets what "
          "a KV cache of few bits needs to do well")
      ->check(check_weights, "TYPE");
  command
      ->add_option("--embedding", options->embedding,
                   "Type of embedding and output, for weights that are calibrated; mixed:BITS then "
                   "counts the other matrices alone")
      ->check(CLI::IsMember({"q8", "q4", "q4s", "q3", "q2"}));
  command->add_option("--calibration", options->calibration_file,
                      "Text in UTF-8 to calibrate on beside what the model writes itself, or "
                      "\"builtin\", the default of q3, q2 and mixed");
  command
      ->add_option("--tuning-steps", options->tuning_steps,
                   "Steps of learning from the full model after calibration; 0: none; by default "
                   "as many as take minutes, none for large models")
      ->check(CLI::NonNegativeNumber);
  command->add_option("--report", options->report_file,
                      "File for what calibration measured, as JSON");
  command->add_flag("--uncalibrated", options->uncalibrated,
                    "Round every weight by itself: fast, and far less accurate below 4 bits");
  command->add_option("--name", options->name, "The model's name; by default that of the source");
  command->add_flag("--force", options->force, "Replace a package that is there already");
  command->add_flag("--quiet", options->quiet, "Print no progress");
  command->callback([options, &exit_code] {
    const Result<void> result = run(*options);
    if (!result) exit_code = report_error(result.error());
  });
}

}  // namespace tessera
