// Loads a model as the tools do, from what it was trained as, and compares its greedy text with a
// reference.
#pragma once

#include <catch2/catch_test_macros.hpp>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.h"
#include "generation/generator.h"
#include "support/temporary_directory.h"
#include "tools/convert_model.h"
#include "tools/load_model.h"
#include "tools/open_source.h"
#include "tools/package_output.h"

namespace tessera {

using Ids = std::vector<std::int32_t>;

template <typename T>
T require(Result<T> result) {
  INFO((result ? "" : result.error().message));
  REQUIRE(result.has_value());
  return std::move(result).value();
}

// The model, converted and loaded from disk.
inline std::unique_ptr<TextModel> convert_and_load(const std::string& source_path,
                                                   std::optional<DataType> weights,
                                                   const std::string& activations) {
  const TemporaryDirectory directory;
  const auto source = require(open_source(source_path, ""));
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

inline Ids read_ids(const JsonObject& object, std::string_view key) {
  Ids ids;
  for (const JsonValue& value : require(object.array(key))) {
    ids.push_back(static_cast<std::int32_t>(require(value.integer())));
  }
  return ids;
}

// Greedy tokens must be the expected ones up to the first step where our own two best candidates
// are closer than `gap_max`: there another order of summation may choose the other. Gives their
// number.
inline std::size_t check_greedy(TextModel& model, Ids prompt, const Ids& expected, double gap_max) {
  Generator generator(model);
  GenerationRequest request;
  request.prompt_ids = std::move(prompt);
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
    INFO("step " << matched);
    REQUIRE(generated->token.id == expected[matched]);
    ++matched;
  }
  return matched;
}

}  // namespace tessera
