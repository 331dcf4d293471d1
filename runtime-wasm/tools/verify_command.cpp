// tessera verify DIR: runs the model in a Hugging Face folder on the inputs of its
// reference.safetensors and prints how far each output is from what stands there.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <cstring>
#include <map>
#include <memory>
#include <utility>

#include "backends/cpu/cpu_backend.h"
#include "base/json_writer.h"
#include "generation/generator.h"
#include "model/decoder_configuration.h"
#include "tools/commands.h"
#include "tools/convert_model.h"
#include "tools/load_model.h"
#include "tools/open_source.h"
#include "tools/reference_file.h"

namespace tessera {
namespace {

struct VerifyOptions {
  std::string directory;
  int threads = 2;
  double tolerance = 1e-4;
  bool json = false;
};

// Shards by their hash.
class ShardMemory : public ShardStore {
 public:
  Result<void> store(const std::string& sha256, std::span<const std::byte> bytes) override {
    shards_[sha256].assign(bytes.begin(), bytes.end());
    return {};
  }
  std::span<const std::byte> shard(const std::string& sha256) const { return shards_.at(sha256); }

 private:
  std::map<std::string, std::vector<std::byte>> shards_;
};

// The model as a package would hold it, computing in float32 throughout.
Result<std::unique_ptr<TextModel>> load_exact(const VerifyOptions& options,
                                              const ModelSource& source,
                                              std::int64_t context_tokens) {
  ShardMemory shards;
  ConvertOptions convert_options;
  convert_options.weights = DataType::kF32;
  TESSERA_TRY(Manifest manifest, convert_model(source, convert_options, shards));
  TESSERA_TRY(auto backend, CpuBackend::create({.threads = options.threads}));
  TextModelOptions model_options;
  model_options.context_tokens_max = context_tokens;
  model_options.kv_type = KvType::kF32;
  model_options.activations = Activations::kF32;
  TESSERA_TRY(auto model,
              TextModel::create(std::move(manifest), std::move(backend), model_options));
  for (std::uint32_t index = 0; index < model->manifest().shards.size(); ++index) {
    const auto bytes = shards.shard(model->manifest().shards[index].sha256);
    for (const TextModel::Destination& span : model->shard_spans(index)) {
      std::memcpy(span.host_bytes.data(), bytes.data() + span.offset, span.host_bytes.size());
    }
    TESSERA_TRY_VOID(model->finish_shard(index));
  }
  return model;
}

// out.logits [batch, tokens, vocabulary]: every row of the batch from an empty cache.
Result<std::vector<float>> compute_logits(const VerifyOptions& options, const ModelSource& source,
                                          const ReferenceIds& ids) {
  const std::int64_t tokens = ids.shape[1];
  TESSERA_TRY(const auto model, load_exact(options, source, tokens));
  Generator generator(*model);
  std::vector<float> logits;
  for (std::int64_t row = 0; row < ids.shape[0]; ++row) {
    const auto row_ids =
        std::span(ids.values)
            .subspan(static_cast<std::size_t>(row * tokens), static_cast<std::size_t>(tokens));
    TESSERA_TRY(const auto row_logits, generator.forward_all(row_ids));
    logits.insert(logits.end(), row_logits.begin(), row_logits.end());
  }
  return logits;
}

struct OutputError {
  std::string name;
  double relative_error = 0.0;
};

Result<std::vector<OutputError>> verify(const VerifyOptions& options) {
  TESSERA_TRY(const auto source, open_source(options.directory, "verified"));
  // An unknown architecture is said before anything about its inputs.
  const ModelDescription& description = source->description();
  TESSERA_TRY_VOID(
      parse_decoder_configuration(description.architecture, description.configuration_json));
  TESSERA_TRY(const ReferenceFile reference,
              read_reference_file(options.directory + "/reference.safetensors"));
  TESSERA_TRY(const auto logits, compute_logits(options, *source, reference.input_ids));
  std::vector<OutputError> errors;
  for (const ReferenceOutput& output : reference.outputs) {
    if (output.name != "out.logits") {
      return Error{ErrorCode::kUnsupported,
                   "output \"" + output.name + "\"; a decoder gives out.logits"};
    }
    errors.push_back({output.name, relative_error(logits, output.values)});
  }
  if (errors.empty()) {
    return Error{ErrorCode::kInvalidFile, "reference.safetensors names no output"};
  }
  return errors;
}

bool print_errors(const std::vector<OutputError>& errors, const VerifyOptions& options) {
  bool passed = true;
  JsonWriter json;
  json.begin_object().key("outputs").begin_object();
  for (const OutputError& output : errors) {
    passed = passed && output.relative_error <= options.tolerance;
    json.key(output.name).begin_object();
    json.key("relative_error").number(output.relative_error).end_object();
    if (options.json) continue;
    std::printf("%-24s relative error %.3g %s %.3g\n", output.name.c_str(), output.relative_error,
                output.relative_error <= options.tolerance ? "<=" : "ABOVE", options.tolerance);
  }
  json.end_object().key("tolerance").number(options.tolerance);
  json.key("passed").boolean(passed).end_object();
  if (options.json) std::printf("%s\n", std::move(json).take().c_str());
  return passed;
}

}  // namespace

void add_verify_command(CLI::App& app, int& exit_code) {
  CLI::App* command =
      app.add_subcommand("verify", "Compare a model with reference outputs beside it");
  auto options = std::make_shared<VerifyOptions>();
  command
      ->add_option("DIR", options->directory,
                   "Folder with config.json, model.safetensors and reference.safetensors")
      ->required();
  command->add_option("--threads", options->threads, "Threads that compute")
      ->check(CLI::Range(1, 256))
      ->capture_default_str();
  command->add_option("--tolerance", options->tolerance, "Largest relative error that passes")
      ->capture_default_str();
  command->add_flag("--json", options->json, "Print the result as JSON");
  command->callback([options, &exit_code] {
    const auto errors = verify(*options);
    if (!errors) {
      exit_code = report_error(errors.error().with_context(options->directory));
    } else if (!print_errors(*errors, *options)) {
      exit_code = 1;
    }
  });
}

}  // namespace tessera
