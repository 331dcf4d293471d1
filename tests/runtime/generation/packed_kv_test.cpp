// Whole models over packed KV caches: what they lose, and that their caches are kept and cut back
// between answers like any other.
#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <string>
#include <utility>

#include "generation/generator.h"
#include "support/tiny_model.h"

namespace tessera {
namespace {

using testing::make_tiny_model;
using testing::TinyModelOptions;
using Ids = std::vector<std::int32_t>;

constexpr KvType kTypes[] = {KvType::k8, KvType::k4, KvType::k3, KvType::k2};

std::unique_ptr<TextModel> model_with(KvType kv_type, std::int64_t chunk_tokens = 128) {
  TinyModelOptions options;
  options.model.kv_type = kv_type;
  options.model.chunk_tokens_max = chunk_tokens;
  options.model.activations = Activations::kF32;
  auto model = make_tiny_model(options);
  INFO((model ? "" : model.error().message));
  REQUIRE(model.has_value());
  return std::move(model).value();
}

Ids text_of(std::int32_t length, std::int32_t step) {
  Ids ids;
  for (std::int32_t i = 0; i < length; ++i) ids.push_back(i * step % 40);
  return ids;
}

std::vector<float> logits_of(TextModel& model, const Ids& ids) {
  Generator generator(model);
  auto logits = generator.forward_all(ids);
  REQUIRE(logits.has_value());
  return std::move(*logits);
}

double relative_difference(const std::vector<float>& a, const std::vector<float>& b) {
  REQUIRE(a.size() == b.size());
  double difference = 0.0, size = 0.0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const double delta = static_cast<double>(a[i]) - b[i];
    difference += delta * delta;
    size += static_cast<double>(b[i]) * b[i];
  }
  return std::sqrt(difference / size);
}

Ids answer(Generator& generator, const Ids& prompt, std::int64_t& cached_tokens) {
  GenerationRequest request;
  request.prompt_ids = prompt;
  request.tokens_max = 8;
  request.sampling.temperature = 0.0f;
  request.ignores_end = true;
  auto start = generator.start(std::move(request));
  REQUIRE(start.has_value());
  cached_tokens = start->cached_tokens;
  Ids ids;
  while (generator.is_active()) {
    auto step = generator.step();
    REQUIRE(step.has_value());
    if (const auto* token = std::get_if<GeneratedToken>(&*step)) ids.push_back(token->token.id);
  }
  return ids;
}

}  // namespace

TEST_CASE("a packed kv cache moves a model's logits the less the more bits it has") {
  const Ids ids = text_of(50, 7);
  const auto exact = logits_of(*model_with(KvType::kF32), ids);
  // Random weights magnify what is lost, and heads of 8 elements have rows of few codes: of as many
  // at 3 bits as at 2.
  const double bounds[] = {0.05, 1.0, 1.0, 1.0};
  double before = 0.0;
  for (std::size_t t = 0; t < 4; ++t) {
    const double difference = relative_difference(logits_of(*model_with(kTypes[t]), ids), exact);
    INFO(kv_type_name(kTypes[t]) << ": " << difference);
    CHECK(difference < bounds[t]);
    CHECK(difference >= before);
    before = difference;
  }
}

TEST_CASE("a packed kv cache gives the same in chunks of any size") {
  const Ids ids = text_of(41, 11);
  for (const KvType type : kTypes) {
    const auto whole = logits_of(*model_with(type), ids);
    CHECK(relative_difference(logits_of(*model_with(type, 5), ids), whole) < 1e-4);
  }
}

TEST_CASE("a packed kv cache is kept up to where a prompt differs from the last one") {
  const Ids first = text_of(30, 7);
  Ids second = first;
  second[17] = 39 - second[17];
  second.resize(25);
  for (const KvType type : kTypes) {
    const auto model = model_with(type), other = model_with(type);
    Generator generator(*model), fresh(*other);
    std::int64_t cached_tokens = 0;
    answer(generator, first, cached_tokens);
    const Ids continued = answer(generator, second, cached_tokens);
    CHECK(cached_tokens == 17);
    const Ids expected = answer(fresh, second, cached_tokens);
    CHECK(cached_tokens == 0);
    CHECK(continued == expected);
  }
}

TEST_CASE("the bytes of a kv cache are those that it says a token takes") {
  for (const KvType type : {KvType::kF32, KvType::kF16, KvType::k8, KvType::k2}) {
    const auto model = model_with(type);
    const DecoderModel& decoder = model->decoder();
    const auto context = static_cast<std::size_t>(decoder.options().context_tokens_max);
    CHECK(model->backend().memory_use().kv_cache_bytes == context * decoder.kv_bytes_per_token());
  }
  // 2 layers, keys and values of 2 heads of 8 elements: 9 bytes each.
  CHECK(model_with(KvType::k8)->decoder().kv_bytes_per_token() == 2 * 2 * 2 * 9);
}

}  // namespace tessera
