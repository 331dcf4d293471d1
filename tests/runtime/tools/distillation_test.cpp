// Tuning by distillation: gradients against finite differences, texts against the plain forward
// pass, and what learning does to a quantized model.
#include <catch2/catch_test_macros.hpp>
#include <cmath>

#include "calibration/distillation.h"
#include "calibration/layer_gradient.h"
#include "calibration/mixed_precision.h"
#include "calibration/self_text.h"
#include "calibration/trainable.h"
#include "support/random_values.h"
#include "tools/open_source.h"

using namespace tessera;
using namespace tessera::calibration;
using tessera::testing::RandomValues;

namespace {

// Biases, norms of queries and keys, windows, untied outputs and other activations are all in.
constexpr const char* kFixtures[] = {"llama", "llama_biases", "llama_gelu_multi_query",
                                     "qwen2_window", "qwen3_window_untied"};

struct Fixture {
  std::unique_ptr<ModelSource> source;
  DecoderConfiguration configuration;
  FullModel model;
};

std::unique_ptr<Fixture> open_fixture(const std::string& name) {
  auto fixture = std::make_unique<Fixture>();
  auto source = open_source(TESSERA_SOURCE_DIR "/tests/fixtures/" + name, "");
  REQUIRE(source);
  fixture->source = std::move(*source);
  const ModelDescription& description = fixture->source->description();
  auto configuration =
      parse_decoder_configuration(description.architecture, description.configuration_json);
  REQUIRE(configuration);
  fixture->configuration = *configuration;
  auto model = read_model(*fixture->source, fixture->configuration);
  REQUIRE(model);
  fixture->model = std::move(*model);
  return fixture;
}

Matrix random_matrix(Eigen::Index rows, Eigen::Index columns, RandomValues& random) {
  Matrix matrix(rows, columns);
  for (Eigen::Index i = 0; i < matrix.size(); ++i) matrix.data()[i] = random.uniform(1.0f);
  return matrix;
}

// The slope of sum(weights * layer(x)) along `change` of the floats at `values`, from both sides.
double slope_along(const FloatLayer& layer, const LayerShape& shape, const Matrix& x,
                   const Matrix& weights, float* values, const Matrix& change) {
  const float step = 1e-2f;
  const std::vector<float> kept(values, values + change.size());
  double ends[2];
  for (const int end : {0, 1}) {
    for (Eigen::Index i = 0; i < change.size(); ++i) {
      values[i] = kept[static_cast<std::size_t>(i)] + (end == 0 ? -step : step) * change.data()[i];
    }
    ends[end] =
        run_layer(layer, shape, x).cast<double>().cwiseProduct(weights.cast<double>()).sum();
  }
  std::copy(kept.begin(), kept.end(), values);
  return (ends[1] - ends[0]) / (2.0 * static_cast<double>(step));
}

}  // namespace

TEST_CASE("a layer's gradients are the slopes of its output") {
  for (const char* name : kFixtures) {
    const auto fixture = open_fixture(name);
    RandomValues random(81);
    FloatLayer& layer = fixture->model.layers[0];
    const LayerShape& shape = fixture->model.shape;
    Matrix x = random_matrix(7, fixture->configuration.hidden_size, random);
    const Matrix weights = random_matrix(7, fixture->configuration.hidden_size, random);
    LayerTape tape;
    CHECK((record_layer(layer, shape, x, tape) - run_layer(layer, shape, x)).norm() < 1e-4f);
    LayerGradient gradient = LayerGradient::zero(layer);
    Matrix of_x = differentiate_layer(layer, shape, tape, weights, gradient);
    const auto check = [&](const char* what, float* values, const auto& of_values) {
      if (of_values.size() == 0) return;
      Matrix change = random_matrix(of_values.rows(), of_values.cols(), random);
      change *= 0.3f / change.norm();
      const double wanted = slope_along(layer, shape, x, weights, values, change);
      const double found = of_values.cwiseProduct(change).sum();
      INFO(name << ", " << what << ": " << found << ", by differences " << wanted);
      CHECK(std::fabs(found - wanted) < 0.02 * std::fabs(wanted) + 2e-3);
    };
    check("input", x.data(), of_x);
    for (std::size_t i = 0; i < kLinearCount; ++i) {
      check(layer.linears[i].name.c_str(), layer.linears[i].weight.data(), gradient.weights[i]);
      check("bias", layer.linears[i].bias.data(), gradient.biases[i]);
    }
    check("attention norm", layer.attention_norm.data(), gradient.attention_norm);
    check("mlp norm", layer.mlp_norm.data(), gradient.mlp_norm);
    check("query norm", layer.query_norm.data(), gradient.query_norm);
    check("key norm", layer.key_norm.data(), gradient.key_norm);
  }
}

TEST_CASE("texts that a model writes come with what it makes of them, whatever the threads") {
  for (const char* name : kFixtures) {
    INFO(name);
    const auto fixture = open_fixture(name);
    const Texts prompts = {{1}, {2, 3, 4}, {5}};
    SelfTextOptions options;
    options.window_tokens = 12;
    const auto texts = write_texts(fixture->model, prompts, options);
    REQUIRE(texts.size() == 3);
    for (std::size_t i = 0; i < texts.size(); ++i) {
      REQUIRE(texts[i].tokens.size() == 12);
      CHECK(std::equal(prompts[i].begin(), prompts[i].end(), texts[i].tokens.begin()));
      const Matrix states = final_states(fixture->model, texts[i].tokens);
      CHECK((texts[i].states - states).norm() < 1e-3f * states.norm());
    }
    options.threads = 2;
    const auto again = write_texts(fixture->model, prompts, options);
    for (std::size_t i = 0; i < texts.size(); ++i) CHECK(again[i].tokens == texts[i].tokens);
    options.seed = 2;
    CHECK(write_texts(fixture->model, prompts, options)[0].tokens != texts[0].tokens);
  }
}

TEST_CASE("prompts begin every third text with the start token, the others with pieces of a text") {
  const Texts texts = {{10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27}};
  const Texts prompts = make_prompts(texts, {{3}}, 9);
  REQUIRE(prompts.size() == 9);
  for (std::size_t i = 0; i < prompts.size(); ++i) {
    if (i % 3 == 0) {
      CHECK(prompts[i] == Tokens{3});
    } else {
      REQUIRE(prompts[i].size() == 16);
      CHECK(prompts[i][15] == prompts[i][0] + 15);
    }
  }
  CHECK(make_prompts(texts, {}, 9)[0].size() == 16);
  CHECK(make_prompts({{7}}, {}, 2)[1] == Tokens{7});
}

TEST_CASE("several openings take turns in every second prompt") {
  const Texts prompts = make_prompts({{7, 8}}, {{1}, {2, 3}}, 6);
  CHECK(prompts[0] == Tokens{1});
  CHECK(prompts[1] == Tokens{7, 8});
  CHECK(prompts[2] == Tokens{2, 3});
  CHECK(prompts[4] == Tokens{1});
}

TEST_CASE("a trainable matrix starts where its quants are, and follows its gradient") {
  RandomValues random(82);
  for (const DataType type : {DataType::kQ8, DataType::kQ4, DataType::kQ4S, DataType::kQ4M,
                              DataType::kQ3, DataType::kQ2}) {
    INFO(data_type_name(type));
    const Matrix target = 0.1f * random_matrix(5, 70, random);
    const QuantizedMatrix start = round_matrix(target, type, 1);
    TrainableMatrix matrix(start, target);
    Matrix values(5, 70);
    matrix.write_values(values);
    CHECK((values - dequantize(start)).norm() < 1e-3f);
    CHECK((dequantize(matrix.quantized()) - values).norm() < 1e-5f);
    const Matrix wanted = target + 0.05f * random_matrix(5, 70, random);
    const float before = (values - wanted).squaredNorm();
    for (int step = 1; step <= 100; ++step) {
      Matrix gradient = values - wanted;
      matrix.update(gradient, {2e-3f, step, 1.0f});
      matrix.write_values(values);
    }
    CHECK((values - wanted).squaredNorm() < 0.6f * before);
  }
}

TEST_CASE("distillation brings a model of few bits nearer to the full one") {
  const auto fixture = open_fixture("llama");
  SelfTextOptions self;
  self.window_tokens = 24;
  const auto texts = write_texts(fixture->model, make_prompts({{1, 2, 3}}, {{1}}, 20), self);
  QuantizedLinears matrices;
  for (const FloatLayer& layer : fixture->model.layers) {
    for (const Linear& linear : layer.linears) {
      matrices.insert_or_assign(
          linear.name,
          QuantizedLinear{round_matrix(linear.weight, DataType::kQ2, 1), linear.weight, 0.0});
    }
  }
  DistillationOptions options;
  options.steps = 30;
  options.texts_per_step = 4;
  options.rate = 1e-3f;
  options.threads = 2;
  QuantizedLinears copy = matrices;
  const Distilled distilled = distil(fixture->model, copy, texts, 4, options);
  CHECK(distilled.divergence_before > 0.0);
  CHECK(distilled.divergence_after < distilled.divergence_before);
  CHECK(distilled.matrices.size() == matrices.size());
  CHECK(distilled.vectors.contains("model.norm.weight"));
  CHECK(distilled.matrices.begin()->second.type == DataType::kQ2);
}
