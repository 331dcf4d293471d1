#include "tools/quantize_model.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <map>
#include <span>

#include "base/json.h"
#include "base/json_writer.h"
#include "calibration/calibration_text.h"
#include "calibration/chat_openings.h"
#include "calibration/distillation.h"
#include "calibration/mixed_precision.h"
#include "calibration/self_text.h"
#include "calibration/source_tensors.h"
#include "package/random_access_file.h"
#include "tokenizer/tokenizer.h"
#include "tokenizer/unicode.h"
#include "tools/codec_tensors.h"
#include "tools/measure_kv_rows.h"

namespace tessera {
namespace {

using calibration::PackedTensor;
using calibration::Texts;
using Clock = std::chrono::steady_clock;

constexpr std::size_t kTextSizeBytesMax = std::size_t{1} << 28;
constexpr std::size_t kWindowTokens = 512;
constexpr std::size_t kWindowsMin = 32, kWindowsMax = 64;
constexpr std::size_t kSelfWindowTokens = 256;
constexpr std::size_t kTextsPerStep = 4;
constexpr std::size_t kHeldOutTexts = 16;
constexpr std::size_t kTimesRead = 2;  // each text that is learned from

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

// A callback that prints what is done, in `unit`, and how long the rest will take.
std::function<void(std::size_t, std::size_t)> progress_printer(const char* what, const char* unit,
                                                               const QuantizeOptions& options) {
  if (options.quiet) return {};
  return [what, unit, start = Clock::now()](std::size_t done, std::size_t total) {
    const double elapsed = seconds_since(start);
    const double remaining =
        elapsed / static_cast<double>(done) * static_cast<double>(total - done);
    std::fprintf(stderr, "\r%s %zu of %zu %s, %.0f s, about %.0f s to go  ", what, done, total,
                 unit, elapsed, remaining);
    if (done == total) std::fprintf(stderr, "\n");
  };
}

constexpr const char* kBuiltinName = "built-in";

struct CalibrationText {
  std::string name;  // a path, or kBuiltinName
  std::string text;
};

Result<CalibrationText> read_calibration_text(const QuantizeOptions& options) {
  const std::string& path = options.calibration_file;
  if (!path.empty()) {
    TESSERA_TRY(std::string text, read_text_file(path, kTextSizeBytesMax));
    if (!is_valid_utf8(text) || text.find('\0') != std::string::npos) {
      return Error{ErrorCode::kInvalidArgument,
                   path + " is no text in UTF-8; calibration reads plain text files"};
    }
    if (!options.quiet) std::fprintf(stderr, "calibrating on %s\n", path.c_str());
    return CalibrationText{path, std::move(text)};
  }
  if (!options.quiet) {
    std::fprintf(stderr,
                 "calibrating on the built-in text, books in the public domain; "
                 "--calibration FILE names another\n");
  }
  return CalibrationText{kBuiltinName, std::string(calibration::builtin_text())};
}

// How much is done for a model of a size, so that it takes minutes.
struct Effort {
  std::size_t windows = kWindowsMin;  // of the calibration text
  std::size_t self_texts = 0;         // that the model writes to be calibrated on
  std::size_t tuning_steps = 0;
};

Effort effort_for(const DecoderConfiguration& c, const QuantizeOptions& options) {
  constexpr std::size_t kSelfTextsMax = 256, kStepsMax = 100, kStepsMin = 16;
  const double linear =
      static_cast<double>(c.layers) *
      static_cast<double>(2 * c.hidden_size * (c.query_heads + c.key_value_heads) * c.head_size +
                          3 * c.hidden_size * c.intermediate_size);
  const double all = linear + static_cast<double>(c.vocabulary_size * c.hidden_size);
  // As many as `weights` can be multiplied with in so many products.
  const auto count = [](double products, double weights, std::size_t tokens, std::size_t most) {
    const double affordable = products / weights / static_cast<double>(tokens);
    return static_cast<std::size_t>(std::min(affordable, static_cast<double>(most)));
  };
  Effort effort;
  effort.windows = std::max(kWindowsMin, count(2e12, linear, kWindowTokens, kWindowsMax));
  const std::size_t steps = count(7e12, all, kTextsPerStep * kSelfWindowTokens, kStepsMax);
  if (steps < kStepsMin) return effort;
  effort.self_texts = count(2.2e12, linear, kSelfWindowTokens, kSelfTextsMax);
  effort.tuning_steps =
      options.tuning_steps < 0 ? steps : static_cast<std::size_t>(options.tuning_steps);
  return effort;
}

bool is_embedding_or_output(const std::string& name) {
  return name == calibration::kEmbeddingName || name == calibration::kOutputName;
}

// The plan of mixed precision; empty for a single format.
struct Plan {
  std::vector<calibration::MatrixChoices> matrices;
  std::map<std::string, DataType> types;
};

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
  TESSERA_TRY(plan.matrices,
              calibration::measure_divergences(source, configuration, pieces, options.threads,
                                               progress_printer("measured", "matrices", options)));
  if (options.embedding) {
    std::erase_if(plan.matrices,
                  [&](const auto& matrix) { return is_embedding_or_output(matrix.name); });
  }
  double weights = 0.0;
  for (const SourceTensor& tensor : source.tensors()) {
    if (tensor.shape.rank() != 2 || (options.embedding && is_embedding_or_output(tensor.name)))
      continue;
    weights += static_cast<double>(tensor.shape.element_count());
  }
  const auto budget = static_cast<std::uint64_t>(options.mixed_bits * weights / 8.0);
  const auto chosen = calibration::choose_formats(plan.matrices, budget);
  if (!chosen) return chosen.error().with_context("mixed:" + std::to_string(options.mixed_bits));
  for (const calibration::MatrixChoices& matrix : plan.matrices) {
    plan.types[matrix.name] = matrix.formats[matrix.chosen].type;
  }
  return plan;
}

// Rounds embedding and output: to what the plan says, otherwise to `type`.
Result<void> round_outer_matrices(const ModelSource& source, const DecoderConfiguration& c,
                                  const Plan& plan, DataType type, int threads,
                                  calibration::QuantizedLinears& matrices) {
  const calibration::SourceTensors tensors(source);
  for (const char* name : {calibration::kEmbeddingName, calibration::kOutputName}) {
    const bool is_output = name == calibration::kOutputName;
    if (is_output && (c.ties_embeddings || !tensors.has(name))) continue;
    const auto planned = plan.types.find(name);
    TESSERA_TRY(calibration::Matrix weight, tensors.read(name, c.vocabulary_size, c.hidden_size));
    auto rounded = calibration::round_matrix(
        weight, planned == plan.types.end() ? type : planned->second, threads);
    const double error =
        (calibration::dequantize(rounded) - weight).squaredNorm() / weight.squaredNorm();
    matrices.insert_or_assign(
        name, calibration::QuantizedLinear{std::move(rounded), std::move(weight), error});
  }
  return {};
}

// The token that begins texts, if the model has one.
std::optional<std::int32_t> start_token(const ModelDescription& description,
                                        std::int64_t vocabulary_size) {
  const auto tokens = JsonDocument::parse(description.special_tokens_json);
  if (!tokens || !description.tokenizer_json) return std::nullopt;
  const auto object = tokens->root().object();
  if (!object) return std::nullopt;
  const auto name = object->find("bos_token");
  if (!name || !name->is_string()) return std::nullopt;
  const auto tokenizer = Tokenizer::from_json(*description.tokenizer_json);
  const auto id = tokenizer ? (*tokenizer)->token_to_id(*name->string()) : std::nullopt;
  return id && *id < vocabulary_size ? id : std::nullopt;
}

// How texts begin that go on from no other: as chats do, or with the token that begins texts.
Texts openings_of(const ModelDescription& description, std::int64_t vocabulary_size) {
  Texts openings = calibration::chat_openings(description, vocabulary_size);
  const auto start = start_token(description, vocabulary_size);
  if (openings.empty() && start) openings.push_back({*start});
  return openings;
}

// The full model, and what it writes; empty if the model is too large to be worth it.
struct Teacher {
  std::optional<calibration::FullModel> model;
  std::vector<calibration::TaughtText> calibration_texts, lessons;
};

Result<Teacher> prepare_teacher(const ModelSource& source, const DecoderConfiguration& c,
                                const Texts& texts, const QuantizeOptions& options,
                                const Effort& effort) {
  Teacher teacher;
  if (effort.self_texts == 0) {
    if (!options.quiet) {
      std::fprintf(stderr, "the model is large: it is calibrated, but not tuned\n");
    }
    return teacher;
  }
  TESSERA_TRY(teacher.model, calibration::read_model(source, c));
  calibration::SelfTextOptions self;
  self.window_tokens = std::min(kSelfWindowTokens, static_cast<std::size_t>(c.context_tokens_max));
  self.threads = options.threads;
  self.on_progress = progress_printer("the model wrote texts,", "tokens each", options);
  const std::size_t lessons =
      effort.tuning_steps > 0
          ? (effort.tuning_steps * kTextsPerStep + kTimesRead - 1) / kTimesRead + kHeldOutTexts
          : 0;
  Texts openings = openings_of(source.description(), c.vocabulary_size);
  std::erase_if(openings, [&](const auto& ids) { return ids.size() > self.window_tokens / 2; });
  const auto prompts = calibration::make_prompts(texts, openings, effort.self_texts + lessons);
  auto written = calibration::write_texts(*teacher.model, prompts, self);
  const auto middle = written.begin() + static_cast<std::ptrdiff_t>(effort.self_texts);
  teacher.calibration_texts.assign(std::make_move_iterator(written.begin()),
                                   std::make_move_iterator(middle));
  teacher.lessons.assign(std::make_move_iterator(middle), std::make_move_iterator(written.end()));
  return teacher;
}

PackedTensor packed_vector(const calibration::Vector& vector) {
  const auto bytes =
      std::as_bytes(std::span(vector.data(), static_cast<std::size_t>(vector.size())));
  return {DataType::kF32, std::vector<std::byte>(bytes.begin(), bytes.end()), 0.0};
}

struct Tuning {
  std::size_t steps = 0, tokens = 0;
  double divergence_before = 0.0, divergence_after = 0.0;

  bool is_kept() const { return divergence_after < divergence_before; }
};

// The finer the quants, the smaller the changes that tell one from the next: 4e-3 of the weights'
// mean magnitude for 2 bits, and 2.8 times less for every further bit up to 4.
float tuning_rate(const calibration::QuantizedLinears& matrices) {
  double bits = 0.0, weights = 0.0, squares = 0.0;
  for (const auto& [name, matrix] : matrices) {
    if (is_embedding_or_output(name)) continue;
    const auto size = static_cast<double>(matrix.target.size());
    const int levels = calibration::quant_max(matrix.quantized.type) + 1;
    bits += size * std::min(4.0, std::log2(levels));
    weights += size;
    squares += double{matrix.target.squaredNorm()};
  }
  const double magnitude = std::sqrt(squares / weights);
  return static_cast<float>(4e-3 * magnitude * std::exp2(-1.5 * (bits / weights - 2.0)));
}

// Replaces `tensors` by what is learned from the teacher's lessons, if that is better.
Tuning tune(const Teacher& teacher, const QuantizeOptions& options, std::size_t steps,
            calibration::QuantizedLinears& matrices, calibration::PackedTensors& tensors) {
  calibration::DistillationOptions distillation;
  distillation.steps = steps;
  distillation.texts_per_step = kTextsPerStep;
  distillation.rate = tuning_rate(matrices);
  distillation.threads = options.threads;
  distillation.on_progress = progress_printer("tuned", "steps", options);
  const calibration::Distilled distilled =
      calibration::distil(*teacher.model, matrices, teacher.lessons, kHeldOutTexts, distillation);
  const Tuning tuning{steps,
                      (teacher.lessons.size() - kHeldOutTexts) * teacher.lessons[0].tokens.size(),
                      distilled.divergence_before, distilled.divergence_after};
  if (!options.quiet) {
    std::fprintf(stderr, "divergence on texts held out: %.4f, after tuning %.4f%s\n",
                 tuning.divergence_before, tuning.divergence_after,
                 tuning.is_kept() ? "" : ", which is not kept");
  }
  if (!tuning.is_kept()) return tuning;
  for (const auto& [name, matrix] : distilled.matrices) {
    tensors[name] = {matrix.type, calibration::pack(matrix), tensors[name].output_error};
  }
  for (const auto& [name, vector] : distilled.vectors) tensors[name] = packed_vector(vector);
  return tuning;
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

// What the manifest and the report say.
struct Account {
  std::string text_name;
  std::size_t text_tokens = 0, self_tokens = 0;
  Tuning tuning;
};

void write_account(JsonWriter& json, const Account& account) {
  json.key("calibration").begin_object().key("text").string(account.text_name);
  json.key("tokens").integer(static_cast<std::int64_t>(account.text_tokens));
  json.key("self_written_tokens").integer(static_cast<std::int64_t>(account.self_tokens));
  json.end_object();
  if (account.tuning.steps == 0) return;
  json.key("tuning").begin_object();
  json.key("steps").integer(static_cast<std::int64_t>(account.tuning.steps));
  json.key("self_written_tokens").integer(static_cast<std::int64_t>(account.tuning.tokens));
  json.key("divergence_before").number(account.tuning.divergence_before);
  json.key("divergence_after").number(account.tuning.divergence_after);
  json.key("output_errors_are_of").string("before tuning");
  json.key("is_kept").boolean(account.tuning.is_kept()).end_object();
}

std::string describe_quantization(const calibration::PackedTensors& tensors, const Plan& plan,
                                  const QuantizeOptions& options, const Account& account) {
  std::map<std::string, const PackedTensor*> sorted;
  for (const auto& [name, tensor] : tensors) {
    if (is_quantized(tensor.type)) sorted.emplace(name, &tensor);
  }
  JsonWriter json;
  const bool is_tuned = account.tuning.steps > 0 && account.tuning.is_kept();
  json.begin_object().key("method").string(
      is_tuned ? "error compensation and descent, layer by layer; then distillation"
               : "error compensation and descent, layer by layer");
  write_account(json, account);
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
  const Effort effort = effort_for(configuration, options);
  TESSERA_TRY(const CalibrationText text, read_calibration_text(options));
  const std::size_t window =
      std::min(kWindowTokens, static_cast<std::size_t>(configuration.context_tokens_max));
  auto cut = calibration::cut_text(description, text.text, configuration.vocabulary_size, window,
                                   effort.windows);
  if (!cut) return cut.error().with_context(text.name);
  Texts texts = std::move(*cut);
  std::vector<std::int32_t> first_tokens;
  for (const auto& piece : texts) {
    const std::int64_t room = kMeasuredTokens - std::ssize(first_tokens);
    first_tokens.insert(first_tokens.end(), piece.begin(),
                        piece.begin() + std::min<std::ptrdiff_t>(room, std::ssize(piece)));
  }
  TESSERA_TRY(const Plan plan, plan_formats(source, configuration, texts, options));
  TESSERA_TRY(Teacher teacher, prepare_teacher(source, configuration, texts, options, effort));
  Account account{
      text.name == kBuiltinName ? kBuiltinName : "file", texts.size() * texts[0].size(), 0, {}};
  for (calibration::TaughtText& written : teacher.calibration_texts) {
    account.self_tokens += written.tokens.size();
    texts.push_back(std::move(written.tokens));
  }
  teacher.calibration_texts.clear();
  calibration::QuantizedLinears matrices;
  TESSERA_TRY_VOID(round_outer_matrices(source, configuration, plan,
                                        options.embedding.value_or(DataType::kQ8), options.threads,
                                        matrices));
  const calibration::Matrix embedding =
      calibration::dequantize(matrices.at(calibration::kEmbeddingName).quantized);
  calibration::LayerwiseOptions layerwise;
  layerwise.type_of = [&](const std::string& name) {
    const auto planned = plan.types.find(name);
    return planned == plan.types.end() ? options.weights : planned->second;
  };
  layerwise.embedding = &embedding;
  layerwise.threads = options.threads;
  std::vector<calibration::LayerCodecs> codecs;
  layerwise.codecs = &codecs;
  layerwise.on_progress = progress_printer("quantized", "matrices", options);
  TESSERA_TRY(auto layers, calibration::quantize_layers(source, configuration, texts, layerwise));
  matrices.merge(layers);
  QuantizedModel result;
  result.codecs = codec_tensors(configuration, codecs);
  result.text = std::move(first_tokens);
  for (const auto& [name, matrix] : matrices) {
    result.tensors[name] = {matrix.quantized.type, calibration::pack(matrix.quantized),
                            matrix.output_error};
  }
  if (!teacher.lessons.empty()) {
    account.tuning = tune(teacher, options, effort.tuning_steps, matrices, result.tensors);
  }
  result.quantization_json = describe_quantization(result.tensors, plan, options, account);
  return result;
}

}  // namespace tessera
