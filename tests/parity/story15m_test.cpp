// The trained model in the repository against values that Hugging Face transformers computed from
// the same weights: token ids, logits, greedy text.
#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <string>

#include "base/json.h"
#include "generation/generator.h"
#include "package/random_access_file.h"
#include "package/safetensors.h"
#include "support/temporary_directory.h"
#include "tools/convert_model.h"
#include "tools/load_model.h"
#include "tools/open_source.h"
#include "tools/package_output.h"
#include "tools/reference_file.h"

namespace tessera {
namespace {

using Ids = std::vector<std::int32_t>;

const std::string kFolder = std::string(TESSERA_SOURCE_DIR) + "/tests/models/story15m";

template <typename T>
T require(Result<T> result) {
  INFO((result ? "" : result.error().message));
  REQUIRE(result.has_value());
  return std::move(result).value();
}

// The model, converted and loaded from disk as the tools do it.
std::unique_ptr<TextModel> load_story15m(std::optional<DataType> weights,
                                         const std::string& activations) {
  const TemporaryDirectory directory;
  const auto source = require(open_source(kFolder, ""));
  auto output = require(PackageOutput::create(directory.path("package"), false));
  ConvertOptions options;
  options.weights = weights;
  options.threads = 2;
  const Manifest manifest = require(convert_model(*source, options, output));
  REQUIRE(output.commit(manifest).has_value());
  LoadOptions load;
  load.package = directory.path("package");
  load.threads = 2;
  load.activations = activations;
  load.kv = "f32";
  return require(load_model(load));
}

Ids read_ids(const JsonObject& object, std::string_view key) {
  Ids ids;
  for (const JsonValue& value : require(object.array(key))) {
    ids.push_back(static_cast<std::int32_t>(require(value.integer())));
  }
  return ids;
}

// Greedy tokens must be the reference's up to the first step where our own two best candidates are
// closer than `gap_max`: there another order of summation may choose the other. Gives their number.
std::size_t check_greedy(TextModel& model, const JsonObject& reference, double gap_max) {
  Ids expected = read_ids(reference, "ids");  // begins with the prompt's
  Generator generator(model);
  GenerationRequest request;
  request.prompt_ids =
      require(model.tokenizer()->encode(require(reference.string("prompt")), EncodeOptions{}));
  const std::size_t prompt_tokens = request.prompt_ids.size();
  REQUIRE(Ids(expected.begin(), expected.begin() + static_cast<std::ptrdiff_t>(prompt_tokens)) ==
          request.prompt_ids);
  expected.erase(expected.begin(), expected.begin() + static_cast<std::ptrdiff_t>(prompt_tokens));
  request.tokens_max = static_cast<std::int64_t>(expected.size());
  request.sampling.temperature = 0.0f;
  request.sampling.logprobs = 2;
  REQUIRE(generator.start(std::move(request)).has_value());
  std::size_t matched = 0;
  while (generator.is_active()) {
    const GenerationStep step = require(generator.step());
    const auto* generated = std::get_if<GeneratedToken>(&step);
    if (generated == nullptr) continue;
    const auto& best = generated->token.alternatives;
    if (best[0].logprob - best[1].logprob < gap_max) break;
    INFO("step " << matched << " of \"" << require(reference.string("prompt")) << "\"");
    REQUIRE(generated->token.id == expected[matched]);
    ++matched;
  }
  return matched;
}

void check_all_greedy(TextModel& model, double gap_max) {
  const std::string text = require(read_text_file(kFolder + "/reference.json", 1 << 20));
  const JsonDocument document = require(JsonDocument::parse(text));
  const JsonObject root = require(document.root().object());
  std::size_t matched = 0;
  for (const JsonValue& value : require(root.array("greedy"))) {
    matched += check_greedy(model, require(value.object()), gap_max);
  }
  CHECK(matched > 0);
}

TEST_CASE("story15m at f16 gives the reference's logits") {
  const auto model = load_story15m(std::nullopt, "f32");
  const auto file = require(RandomAccessFile::open(kFolder + "/logits.safetensors"));
  const auto header = require(read_safetensors_header(file));
  const SafetensorsTensor* ids_tensor = header.find("input_ids");
  const SafetensorsTensor* logits_tensor = header.find("logits");
  REQUIRE(ids_tensor != nullptr);
  REQUIRE(logits_tensor != nullptr);
  Ids ids(ids_tensor->size_bytes / sizeof(std::int32_t));
  std::vector<float> expected(logits_tensor->size_bytes / sizeof(float));
  REQUIRE(file.read(ids_tensor->offset, std::as_writable_bytes(std::span(ids))).has_value());
  REQUIRE(
      file.read(logits_tensor->offset, std::as_writable_bytes(std::span(expected))).has_value());

  // The reference keeps every 32nd position: 31, 63, …
  const std::vector<float> all = require(Generator(*model).forward_all(ids));
  const auto vocabulary =
      static_cast<std::size_t>(model->decoder().configuration().vocabulary_size);
  std::vector<float> ours;
  for (std::size_t position = 31; position < ids.size(); position += 32) {
    const auto row = std::span(all).subspan(position * vocabulary, vocabulary);
    ours.insert(ours.end(), row.begin(), row.end());
  }
  CHECK(relative_error(ours, expected) < 1e-4);
}

TEST_CASE("story15m at f16 continues prompts as the reference does") {
  const auto model = load_story15m(std::nullopt, "f32");
  check_all_greedy(*model, 0.05);
}

TEST_CASE("story15m with 8-bit weights and activations starts prompts as the reference does") {
  const auto model = load_story15m(DataType::kQ8, "int8");
  check_all_greedy(*model, 0.5);
}

}  // namespace
}  // namespace tessera
