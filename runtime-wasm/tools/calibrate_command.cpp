// tessera calibrate PACKAGE --out DIR: the same package with codecs for packed KV caches
// (ops/kv_codec.h), made from what the model's keys, values and queries are like on a text.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <limits>
#include <memory>
#include <tuple>
#include <utility>

#include "backends/cpu/cpu_backend.h"
#include "calibration/calibration_text.h"
#include "calibration/kv_codec_observer.h"
#include "model/decoder_model.h"
#include "package/package_directory.h"
#include "package/random_access_file.h"
#include "tools/codec_tensors.h"
#include "tools/commands.h"
#include "tools/convert_model.h"
#include "tools/load_model.h"
#include "tools/measure_kv_rows.h"
#include "tools/package_output.h"

namespace tessera {
namespace {

constexpr std::size_t kTextSizeBytesMax = std::size_t{1} << 30;
constexpr std::int64_t kWindowTokensMax = 1024;

struct CalibrateOptions {
  LoadOptions load;
  std::string directory;
  std::string text_file;
  std::int64_t tokens = 16'384;
  bool force = false;
};

// A tensor of the new package: one of the old one, or a codec.
struct OutputTensor {
  std::string name;
  std::int32_t priority = 0;
  const TensorEntry* entry = nullptr;  // null for a codec
  const AddedTensor* added = nullptr;
};

// Runs windows of the text, spread over it evenly.
Result<void> run_text(TextModel& model, std::span<const std::int32_t> ids, std::int64_t tokens) {
  DecoderModel& decoder = model.decoder();
  const auto window = static_cast<std::size_t>(decoder.options().context_tokens_max);
  const auto chunk = static_cast<std::size_t>(decoder.options().chunk_tokens_max);
  const std::size_t windows_max = ids.size() / window;
  const std::size_t windows =
      std::clamp<std::size_t>(static_cast<std::size_t>(tokens) / window, 1, windows_max);
  for (std::size_t number = 0; number < windows; ++number) {
    const auto text = ids.subspan(number * windows_max / windows * window, window);
    for (std::size_t at = 0; at < window; at += chunk) {
      TESSERA_TRY_VOID(decoder.forward(text.subspan(at, std::min(chunk, window - at)),
                                       static_cast<std::int64_t>(at), LogitsRows::kNone));
    }
    std::fprintf(stderr, "\rwindow %zu of %zu", number + 1, windows);
  }
  std::fprintf(stderr, "\n");
  return {};
}

struct Observed {
  std::vector<calibration::LayerCodecs> codecs;
  std::vector<std::int32_t> text;
};

Result<Observed> observe(const CalibrateOptions& options) {
  TESSERA_TRY(auto cpu,
              CpuBackend::create({options.load.threads, std::numeric_limits<std::size_t>::max()}));
  auto backend = std::make_unique<calibration::KvCodecObserver>(std::move(cpu));
  const calibration::KvCodecObserver* observer = backend.get();
  LoadOptions load = options.load;
  load.kv = "f32";
  TESSERA_TRY(const PackageDirectory package, PackageDirectory::open(load.package));
  TESSERA_TRY(const auto configuration,
              parse_decoder_configuration(package.manifest().architecture,
                                          package.manifest().configuration_json));
  load.context_tokens_max = std::min(kWindowTokensMax, configuration.context_tokens_max);
  TESSERA_TRY(const auto model, load_model(load, std::move(backend)));
  if (model->tokenizer() == nullptr) {
    return Error{ErrorCode::kUnsupported, options.load.package + " has no tokenizer"};
  }
  std::string text(calibration::builtin_text());
  if (!options.text_file.empty()) {
    TESSERA_TRY(text, read_text_file(options.text_file, kTextSizeBytesMax));
  }
  Observed observed;
  TESSERA_TRY(observed.text,
              model->tokenizer()->encode(text, EncodeOptions{.parse_special_tokens = false}));
  const std::int64_t window = model->decoder().options().context_tokens_max;
  if (static_cast<std::int64_t>(observed.text.size()) < window) {
    return Error{ErrorCode::kInvalidArgument,
                 "the text has " + std::to_string(observed.text.size()) +
                     " tokens, fewer than one window of " + std::to_string(window)};
  }
  TESSERA_TRY_VOID(run_text(*model, observed.text, options.tokens));
  TESSERA_TRY(observed.codecs, observer->codecs());
  return observed;
}

Result<void> write_tensor(const PackageDirectory& package, const OutputTensor& tensor,
                          PackageWriter& writer) {
  const bool is_old = tensor.entry != nullptr;
  TESSERA_TRY_VOID(
      writer.begin_tensor(tensor.name, is_old ? tensor.entry->type : tensor.added->tensor.type,
                          is_old ? tensor.entry->shape : tensor.added->shape, tensor.priority));
  if (!is_old) {
    TESSERA_TRY_VOID(writer.append(tensor.added->tensor.bytes));
  } else {
    TESSERA_TRY(const auto bytes, package.read_tensor(*tensor.entry));
    TESSERA_TRY_VOID(writer.append(bytes));
  }
  return writer.end_tensor();
}

// Everything but what manifest entries `finish` makes anew.
Manifest described(const Manifest& old) {
  Manifest manifest = old;
  manifest.kv_rows.clear();
  manifest.tensors.clear();
  manifest.shards.clear();
  manifest.tokenizer_shard.reset();
  return manifest;
}

Result<void> run(const CalibrateOptions& options) {
  TESSERA_TRY(const PackageDirectory package, PackageDirectory::open(options.load.package));
  TESSERA_TRY(PackageOutput output, PackageOutput::create(options.directory, options.force));
  TESSERA_TRY(const Observed observed, observe(options));
  TESSERA_TRY(const auto configuration,
              parse_decoder_configuration(package.manifest().architecture,
                                          package.manifest().configuration_json));
  std::vector<OutputTensor> tensors;
  for (const TensorEntry& entry : package.manifest().tensors) {
    if (is_kv_codec(entry.name)) continue;
    tensors.push_back({entry.name, load_priority(entry.name), &entry, nullptr});
  }
  const std::vector<AddedTensor> added = codec_tensors(configuration, observed.codecs);
  for (const AddedTensor& tensor : added) {
    tensors.push_back({tensor.name, load_priority(tensor.name), nullptr, &tensor});
  }
  std::ranges::sort(tensors, [](const OutputTensor& a, const OutputTensor& b) {
    return std::tie(a.priority, a.name) < std::tie(b.priority, b.name);
  });
  PackageWriter writer(output);
  if (package.manifest().tokenizer_shard) {
    TESSERA_TRY(const std::string tokenizer, package.read_tokenizer());
    TESSERA_TRY_VOID(writer.add_tokenizer(tokenizer));
  }
  for (const OutputTensor& tensor : tensors) {
    TESSERA_TRY_VOID(write_tensor(package, tensor, writer));
  }
  Manifest manifest = described(package.manifest());
  TESSERA_TRY_VOID(writer.finish(manifest));
  TESSERA_TRY(const PackageDirectory unfinished,
              PackageDirectory::open_unfinished(output.partial(), manifest));
  TESSERA_TRY(manifest.kv_rows,
              measure_kv_rows(unfinished, observed.text, {.threads = options.load.threads}));
  TESSERA_TRY_VOID(output.commit(manifest));
  double size_bytes = 0.0;
  for (const AddedTensor& tensor : added) {
    size_bytes += static_cast<double>(tensor.tensor.bytes.size());
  }
  std::printf("%s: codecs for the KV cache of %zu layers, %.2f MB\n", options.directory.c_str(),
              observed.codecs.size(), size_bytes / 1e6);
  return {};
}

}  // namespace

void add_calibrate_command(CLI::App& app, int& exit_code) {
  CLI::App* command = app.add_subcommand(
      "calibrate", "Add to a package what its KV cache needs to do well with few bits");
  auto options = std::make_shared<CalibrateOptions>();
  add_load_options(*command, options->load);
  command->add_option("--out", options->directory, "Directory to make")->required();
  command->add_option("--text", options->text_file, "Text to run; by default a built-in one");
  command->add_option("--tokens", options->tokens, "Tokens of the text to run")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  command->add_flag("--force", options->force, "Replace a package that is there already");
  command->callback([options, &exit_code] {
    const Result<void> result = run(*options);
    if (!result) exit_code = report_error(result.error());
  });
}

}  // namespace tessera
