#include "tools/quantize_model.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <map>

#include "base/json_writer.h"
#include "calibration/calibration_text.h"
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

void print_progress(std::size_t done, std::size_t total, Clock::time_point start) {
  const double elapsed = seconds_since(start);
  const double remaining = elapsed / static_cast<double>(done) * static_cast<double>(total - done);
  std::fprintf(stderr, "\rquantized %zu of %zu matrices, %.0f s, about %.0f s to go  ", done, total,
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

std::string describe_quantization(const calibration::PackedTensors& tensors,
                                  const std::string& text_name, std::size_t tokens) {
  const std::map<std::string, const PackedTensor*> sorted = [&] {
    std::map<std::string, const PackedTensor*> result;
    for (const auto& [name, tensor] : tensors) result.emplace(name, &tensor);
    return result;
  }();
  JsonWriter json;
  json.begin_object().key("method").string("error compensation and descent, layer by layer");
  json.key("calibration").begin_object().key("text").string(text_name);
  json.key("tokens").integer(static_cast<std::int64_t>(tokens)).end_object();
  json.key("tensors").begin_array();
  for (const auto& [name, tensor] : sorted) {
    json.begin_object().key("name").string(name);
    json.key("type").string(data_type_name(tensor->type));
    json.key("output_error").number(tensor->output_error).end_object();
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
  calibration::LayerwiseOptions layerwise;
  layerwise.type_of = [&](const std::string&) { return options.weights; };
  layerwise.threads = options.threads;
  const Clock::time_point start = Clock::now();
  if (!options.quiet) {
    layerwise.on_progress = [&](std::size_t done, std::size_t total) {
      print_progress(done, total, start);
    };
  }
  QuantizedModel result;
  TESSERA_TRY(result.tensors,
              calibration::quantize_layers(source, configuration, texts, layerwise));
  result.quantization_json =
      describe_quantization(result.tensors, text.name, texts.size() * texts[0].size());
  return result;
}

}  // namespace tessera
