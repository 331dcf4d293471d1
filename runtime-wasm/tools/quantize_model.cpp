#include "tools/quantize_model.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <map>

#include "base/json_writer.h"
#include "calibration/calibration_text.h"
#include "calibration/mixed_precision.h"
#include "calibration/source_tensors.h"
#include "package/random_access_file.h"

namespace tessera {
namespace {

using calibration::PackedTensor;
using Clock = std::chrono::steady_clock;

constexpr std::size_t kTextSizeBytesMax = std::size_t{1} << 28;
constexpr std::size_t kWindowTokens = 512;
constexpr std::size_t kWindowsMax = 64;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

void print_progress(const char* what, std::size_t done, std::size_t total,
                    Clock::time_point start) {
  const double elapsed = seconds_since(start);
  const double remaining = elapsed / static_cast<double>(done) * static_cast<double>(total - done);
  std::fprintf(stderr, "\r%s %zu of %zu matrices, %.0f s, about %.0f s to go  ", what, done, total,
               elapsed, remaining);
  if (done == total) std::fprintf(stderr, "\n");
}

struct CalibrationText {
  std::string name;
  std::string text;
};

Result<CalibrationText> read_calibration_text(const QuantizeOptions& options) {
  if (!options.calibration_file.empty()) {
    TESSERA_TRY(std::string text, read_text_file(options.calibration_file, kTextSizeBytesMax));
    return CalibrationText{"file", std::move(text)};
  }
  if (!options.quiet) {
    std::fprintf(stderr,
                 "calibrating on the built-in text, books in the public domain; "
                 "--calibration FILE names another\n");
  }
  return CalibrationText{"built-in", std::string(calibration::builtin_text())};
}

// The plan of mixed precision; empty for a single format.
struct Plan {
  std::vector<calibration::MatrixChoices> matrices;
  std::map<std::string, DataType> types;
};

using Texts = std::vector<std::vector<std::int32_t>>;

Result<Plan> plan_formats(const ModelSource& source, const DecoderConfiguration& configuration,
                          const Texts& texts, const QuantizeOptions& options) {
  Plan plan;
  if (options.mixed_bits <= 0.0) return plan;
  // A few short pieces: every matrix costs a pass over them.
  const std::size_t piece_tokens = 128;
  const std::size_t pieces_max = configuration.hidden_size > 512 ? 4 : 8;
  Texts pieces;
  for (std::size_t i = 0; i < std::min(texts.size(), pieces_max); ++i) {
    const auto& text = texts[i * texts.size() / std::min(texts.size(), pieces_max)];
    pieces.emplace_back(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(
                                                         std::min(piece_tokens, text.size())));
  }
  const Clock::time_point start = Clock::now();
  TESSERA_TRY(plan.matrices,
              calibration::measure_divergences(source, configuration, pieces, options.threads,
                                               [&](std::size_t done, std::size_t total) {
                                                 if (!options.quiet)
                                                   print_progress("measured", done, total, start);
                                               }));
  double weights = 0.0;
  for (const SourceTensor& tensor : source.tensors()) {
    if (tensor.shape.rank() == 2) weights += static_cast<double>(tensor.shape.element_count());
  }
  const auto budget = static_cast<std::uint64_t>(options.mixed_bits * weights / 8.0);
  const auto chosen = calibration::choose_formats(plan.matrices, budget);
  if (!chosen) return chosen.error().with_context("mixed:" + std::to_string(options.mixed_bits));
  for (const calibration::MatrixChoices& matrix : plan.matrices) {
    plan.types[matrix.name] = matrix.formats[matrix.chosen].type;
  }
  return plan;
}

// Rounds embedding and output to what the plan says, and gives the embedding back as it is then.
Result<calibration::Matrix> round_outer_matrices(const ModelSource& source,
                                                 const DecoderConfiguration& configuration,
                                                 const Plan& plan, int threads,
                                                 calibration::PackedTensors& tensors) {
  const calibration::SourceTensors reader(source);
  calibration::Matrix embedding;
  for (const char* name : {"model.embed_tokens.weight", "lm_head.weight"}) {
    const auto type = plan.types.find(name);
    if (type == plan.types.end()) continue;
    TESSERA_TRY(const calibration::Matrix weight,
                reader.read(name, configuration.vocabulary_size, configuration.hidden_size));
    const auto rounded = calibration::round_matrix(weight, type->second, threads);
    const calibration::Matrix values = calibration::dequantize(rounded);
    const double error = (values - weight).squaredNorm() / weight.squaredNorm();
    tensors[name] = {type->second, calibration::pack(rounded), error};
    if (embedding.size() == 0) embedding = values;
  }
  return embedding;
}

void write_divergences(JsonWriter& json, const Plan& plan, const std::string& name) {
  for (const calibration::MatrixChoices& matrix : plan.matrices) {
    if (matrix.name != name) continue;
    json.key("divergences").begin_object();
    for (const calibration::FormatChoice& format : matrix.formats) {
      json.key(data_type_name(format.type)).number(format.divergence);
    }
    json.end_object();
  }
}

std::string describe_quantization(const calibration::PackedTensors& tensors, const Plan& plan,
                                  const QuantizeOptions& options, const std::string& text_name,
                                  std::size_t tokens) {
  std::map<std::string, const PackedTensor*> sorted;
  for (const auto& [name, tensor] : tensors) sorted.emplace(name, &tensor);
  JsonWriter json;
  json.begin_object().key("method").string("error compensation and descent, layer by layer");
  json.key("calibration").begin_object().key("text").string(text_name);
  json.key("tokens").integer(static_cast<std::int64_t>(tokens)).end_object();
  if (options.mixed_bits > 0.0) json.key("budget_bits_per_weight").number(options.mixed_bits);
  json.key("tensors").begin_array();
  for (const auto& [name, tensor] : sorted) {
    json.begin_object().key("name").string(name);
    json.key("type").string(data_type_name(tensor->type));
    json.key("output_error").number(tensor->output_error);
    write_divergences(json, plan, name);
    json.end_object();
  }
  json.end_array().end_object();
  return std::move(json).take();
}

}  // namespace

Result<QuantizedModel> quantize_model(const ModelSource& source, const QuantizeOptions& options) {
  const ModelDescription& description = source.description();
  TESSERA_TRY(
      const DecoderConfiguration configuration,
      parse_decoder_configuration(description.architecture, description.configuration_json));
  TESSERA_TRY(const CalibrationText text, read_calibration_text(options));
  const std::size_t window =
      std::min(kWindowTokens, static_cast<std::size_t>(configuration.context_tokens_max));
  TESSERA_TRY(const auto texts,
              calibration::cut_text(description, text.text, configuration.vocabulary_size, window,
                                    kWindowsMax));
  TESSERA_TRY(const Plan plan, plan_formats(source, configuration, texts, options));
  QuantizedModel result;
  TESSERA_TRY(const calibration::Matrix embedding,
              round_outer_matrices(source, configuration, plan, options.threads, result.tensors));
  calibration::LayerwiseOptions layerwise;
  layerwise.type_of = [&](const std::string& name) {
    const auto planned = plan.types.find(name);
    return planned == plan.types.end() ? options.weights : planned->second;
  };
  if (embedding.size() > 0) layerwise.embedding = &embedding;
  layerwise.threads = options.threads;
  const Clock::time_point start = Clock::now();
  if (!options.quiet) {
    layerwise.on_progress = [&](std::size_t done, std::size_t total) {
      print_progress("quantized", done, total, start);
    };
  }
  TESSERA_TRY(auto layers, calibration::quantize_layers(source, configuration, texts, layerwise));
  result.tensors.merge(layers);
  result.quantization_json = describe_quantization(result.tensors, plan, options, text.name,
                                                   texts.size() * texts[0].size());
  return result;
}

}  // namespace tessera
