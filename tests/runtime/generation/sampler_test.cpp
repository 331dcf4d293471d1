#include "generation/sampler.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_floating_point.hpp>
#include <cmath>
#include <map>
#include <vector>

namespace tessera {
namespace {

using Catch::Matchers::WithinAbs;

// Logits whose softmax is 0.4, 0.3, 0.2, 0.1 for tokens 2, 0, 3, 1.
std::vector<float> four_logits() {
  return {std::log(0.3f), std::log(0.1f), std::log(0.4f), std::log(0.2f)};
}

std::map<std::int32_t, int> draw_many(const SamplingParameters& parameters, int count,
                                      const std::vector<float>& logits = four_logits()) {
  Sampler sampler(parameters);
  std::map<std::int32_t, int> counts;
  for (int index = 0; index < count; ++index) {
    std::vector<float> copy = logits;
    ++counts[sampler.sample(copy, {}, static_cast<std::uint64_t>(index)).id];
  }
  return counts;
}

// Pearson's statistic of observed counts against probabilities; tokens of probability 0 must be
// absent.
double chi_square(const std::map<std::int32_t, int>& counts, const std::vector<double>& expected,
                  int total) {
  double statistic = 0.0;
  for (std::size_t id = 0; id < expected.size(); ++id) {
    const auto found = counts.find(static_cast<std::int32_t>(id));
    const double observed = found == counts.end() ? 0.0 : found->second;
    if (expected[id] == 0.0) {
      REQUIRE(observed == 0.0);
      continue;
    }
    const double difference = observed - expected[id] * total;
    statistic += difference * difference / (expected[id] * total);
  }
  return statistic;
}

// The 99.9th percentile of the chi-square distribution with 3 degrees of freedom.
constexpr double kChiSquareMax3 = 16.27;
constexpr int kDraws = 20000;

TEST_CASE("temperature 0 takes the highest logit and the lowest id of equal ones") {
  Sampler sampler({.temperature = 0.0f});
  std::vector<float> logits = {1.0f, 3.0f, 3.0f, -2.0f};
  CHECK(sampler.sample(logits, {}, 0).id == 1);
}

TEST_CASE("temperature 1 draws from the softmax of the logits") {
  const auto counts = draw_many({.temperature = 1.0f, .seed = 1}, kDraws);
  CHECK(chi_square(counts, {0.3, 0.1, 0.4, 0.2}, kDraws) < kChiSquareMax3);
}

TEST_CASE("temperature 0.5 squares the probabilities") {
  const auto counts = draw_many({.temperature = 0.5f, .seed = 2}, kDraws);
  CHECK(chi_square(counts, {0.09 / 0.3, 0.01 / 0.3, 0.16 / 0.3, 0.04 / 0.3}, kDraws) <
        kChiSquareMax3);
}

TEST_CASE("top_k keeps the k most probable tokens") {
  const auto counts = draw_many({.temperature = 1.0f, .top_k = 2, .seed = 3}, kDraws);
  CHECK(chi_square(counts, {3.0 / 7, 0, 4.0 / 7, 0}, kDraws) < kChiSquareMax3);
}

TEST_CASE("top_p keeps the fewest tokens that reach p") {
  const auto counts = draw_many({.temperature = 1.0f, .top_p = 0.65f, .seed = 4}, kDraws);
  CHECK(chi_square(counts, {3.0 / 7, 0, 4.0 / 7, 0}, kDraws) < kChiSquareMax3);
}

TEST_CASE("top_p looks past its first sorted front when the distribution is flat") {
  const std::vector<float> flat(1000, 0.0f);
  const auto counts = draw_many({.temperature = 1.0f, .top_p = 0.5f, .seed = 5}, 5000, flat);
  CHECK(counts.size() > 450);
  CHECK(counts.rbegin()->first < 501);
}

TEST_CASE("min_p keeps tokens relative to the most probable one") {
  const auto counts = draw_many({.temperature = 1.0f, .min_p = 0.6f, .seed = 6}, kDraws);
  CHECK(chi_square(counts, {3.0 / 7, 0, 4.0 / 7, 0}, kDraws) < kChiSquareMax3);
}

TEST_CASE("repetition_penalty divides positive and multiplies negative logits of seen tokens") {
  Sampler sampler({.temperature = 0.0f, .repetition_penalty = 2.0f});
  const std::vector<std::int32_t> seen = {0, 0, 2};
  std::vector<float> logits = {4.0f, 3.0f, -1.0f};
  CHECK(sampler.sample(logits, seen, 0).id == 1);
  CHECK(logits == std::vector<float>{2.0f, 3.0f, -2.0f});
}

TEST_CASE("the same seed and index give the same token, other seeds give others") {
  CHECK(draw_many({.seed = 7}, 200) == draw_many({.seed = 7}, 200));
  CHECK(draw_many({.seed = 7}, 200) != draw_many({.seed = 8}, 200));
  CHECK(uniform_from_seed(1, 0) != uniform_from_seed(1, 1));
  CHECK(uniform_from_seed(1, 0) != uniform_from_seed(2, 0));
}

TEST_CASE("logprobs are those of the model's own distribution, most probable first") {
  Sampler sampler({.temperature = 0.0f, .repetition_penalty = 1.5f, .logprobs = 3});
  std::vector<float> logits = four_logits();
  const SampledToken token = sampler.sample(logits, {}, 0);
  REQUIRE(token.alternatives.size() == 3);
  CHECK(token.id == 2);
  CHECK_THAT(token.logprob, WithinAbs(std::log(0.4), 1e-6));
  CHECK(token.alternatives[1].id == 0);
  CHECK_THAT(token.alternatives[1].logprob, WithinAbs(std::log(0.3), 1e-6));
  CHECK(token.alternatives[2].id == 3);
}

TEST_CASE("parameters out of range are refused by name") {
  const auto message = [](const SamplingParameters& parameters) {
    const Result<void> result = parameters.validate();
    return result ? std::string() : result.error().message;
  };
  CHECK(message({}).empty());
  CHECK(message({.temperature = -1.0f}).starts_with("temperature"));
  CHECK(message({.temperature = NAN}).starts_with("temperature"));
  CHECK(message({.top_k = -1}).starts_with("top_k"));
  CHECK(message({.top_p = 0.0f}).starts_with("top_p"));
  CHECK(message({.min_p = 1.5f}).starts_with("min_p"));
  CHECK(message({.repetition_penalty = 0.0f}).starts_with("repetition_penalty"));
  CHECK(message({.logprobs = 21}).starts_with("logprobs"));
}

}  // namespace
}  // namespace tessera
