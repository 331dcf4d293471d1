#include "tools/measure_kv_rows.h"

#include <algorithm>
#include <cstdio>
#include <limits>
#include <memory>
#include <utility>

#include "backends/cpu/cpu_backend.h"
#include "calibration/kv_row_sharing.h"
#include "generation/generator.h"
#include "tools/divergence.h"
#include "tools/load_model.h"

namespace tessera {
namespace {

constexpr KvType kMeasured = KvType::k2;  // whose rows are tried
constexpr std::int64_t kLogitsMax = std::int64_t{1} << 26;

class Measurement {
 public:
  Measurement(const DecoderConfiguration& configuration, std::span<const std::int32_t> text,
              bool is_quiet)
      : configuration_(configuration), is_quiet_(is_quiet) {
    const std::int64_t tokens =
        std::min({std::ssize(text), kMeasuredTokens, configuration.context_tokens_max,
                  kLogitsMax / configuration.vocabulary_size});
    text_ = text.first(static_cast<std::size_t>(tokens));
    const auto whole = static_cast<std::int32_t>(kv_row_bytes_max(configuration.head_size));
    whole_.assign(static_cast<std::size_t>(configuration.layers), {whole, whole});
  }

  TextModelOptions model_options() const {
    TextModelOptions options;
    options.context_tokens_max = std::ssize(text_);
    options.kv_type = kMeasured;
    return options;
  }

  // `model` was made with model_options().
  Result<std::vector<calibration::KvSensitivity>> run(TextModel& model) {
    TESSERA_TRY(exact_, logits_with(model, whole_));
    const std::int64_t bytes = kv_row_bytes(kMeasured, configuration_.head_size);
    std::vector<calibration::KvSensitivity> layers;
    for (std::size_t layer = 0; layer < whole_.size(); ++layer) {
      calibration::KvSensitivity measured{.row_bytes = bytes};
      for (const bool is_key : {true, false}) {
        std::vector<KvLayerRows> rows = whole_;
        std::int32_t& size = is_key ? rows[layer].key_bytes : rows[layer].value_bytes;
        size = static_cast<std::int32_t>(bytes);
        TESSERA_TRY(const auto logits, logits_with(model, rows));
        (is_key ? measured.key_divergence : measured.value_divergence) = divergence_of(logits);
      }
      layers.push_back(measured);
      if (!is_quiet_) {
        std::fprintf(stderr, "\rKV cache of layer %zu of %zu", layer + 1, whole_.size());
      }
    }
    if (!is_quiet_) std::fprintf(stderr, "\n");
    return layers;
  }

 private:
  Result<std::vector<float>> logits_with(TextModel& model,
                                         const std::vector<KvLayerRows>& rows) const {
    TESSERA_TRY_VOID(model.replace_kv_rows(rows));
    return Generator(model).forward_all(text_);
  }

  double divergence_of(const std::vector<float>& logits) const {
    const auto vocabulary = static_cast<std::size_t>(configuration_.vocabulary_size);
    double sum = 0.0;
    for (std::size_t at = 0; at < logits.size(); at += vocabulary) {
      sum += kl_divergence(std::span(logits).subspan(at, vocabulary),
                           std::span(exact_).subspan(at, vocabulary));
    }
    return sum / static_cast<double>(text_.size());
  }

  const DecoderConfiguration& configuration_;
  bool is_quiet_;
  std::span<const std::int32_t> text_;
  std::vector<KvLayerRows> whole_;
  std::vector<float> exact_;  // logits
};

}  // namespace

Result<std::vector<KvCacheRows>> measure_kv_rows(const PackageDirectory& package,
                                                 std::span<const std::int32_t> text,
                                                 const MeasureKvRowsOptions& options) {
  const Manifest& manifest = package.manifest();
  TESSERA_TRY(const auto configuration,
              parse_decoder_configuration(manifest.architecture, manifest.configuration_json));
  Measurement measurement(configuration, text, options.quiet);
  TESSERA_TRY(auto backend,
              CpuBackend::create({options.threads, std::numeric_limits<std::size_t>::max()}));
  TESSERA_TRY(const auto model,
              load_model(package, measurement.model_options(), std::move(backend)));
  TESSERA_TRY(const auto layers, measurement.run(*model));
  std::vector<KvCacheRows> rows;
  for (const KvType type : {KvType::k4, KvType::k3, KvType::k2}) {
    rows.push_back({type, calibration::share_kv_rows(type, configuration.head_size, layers)});
  }
  return rows;
}

}  // namespace tessera
