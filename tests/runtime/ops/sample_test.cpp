// Sample: the choice of the next token, by its distribution.
#include "ops/sample.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_floating_point.hpp>
#include <cmath>
#include <cstring>
#include <map>
#include <vector>

#include "ops/op.h"
#include "support/op_tensors.h"

namespace tessera {
namespace {

using Catch::Matchers::WithinAbs;
using testing::OpTensors;

// Logits whose softmax is 0.4, 0.3, 0.2, 0.1 for tokens 2, 0, 3, 1.
std::vector<float> four_logits() {
  return {std::log(0.3f), std::log(0.1f), std::log(0.4f), std::log(0.2f)};
}

struct Outcome {
  SampleReport report;
  std::vector<float> logits;  // as the op left them
  std::vector<std::int32_t> seen;
};

Outcome sample(SampleParameters parameters, const std::vector<float>& logits,
               std::vector<std::int32_t> seen = {}) {
  OpTensors tensors(1);
  const auto size = static_cast<std::int64_t>(logits.size());
  seen.resize((logits.size() + 31) / 32);
  const Sample op{
      .logits = tensors.f32(Shape{1, size}, logits),
      .parameters = tensors.from_bytes(DataType::kI32, Shape{kSampleParametersWords},
                                       std::as_bytes(std::span(&parameters, 1))),
      .seen = tensors.i32(seen),
      .token = tensors.i32({-1}),
      .report = tensors.zeros(DataType::kI32, Shape{kSampleReportWords}),
  };
  REQUIRE(tensors.run(op).has_value());
  Outcome outcome{{}, tensors.values(op.logits), {}};
  std::memcpy(&outcome.report, op.report.host_bytes(), sizeof outcome.report);
  const auto marks = op.seen.host_span<const std::int32_t>();
  outcome.seen.assign(marks.begin(), marks.end());
  CHECK(op.token.host_span<const std::int32_t>()[0] == outcome.report.id);
  return outcome;
}

// Draws with `count` numbers spread evenly over [0, 1).
std::map<std::int32_t, int> draw_many(SampleParameters parameters, int count,
                                      const std::vector<float>& logits = four_logits()) {
  std::map<std::int32_t, int> counts;
  for (int index = 0; index < count; ++index) {
    parameters.uniform = (static_cast<float>(index) + 0.5f) / static_cast<float>(count);
    ++counts[sample(parameters, logits).report.id];
  }
  return counts;
}

// Every token's share of the draws is its probability, but for what one draw more or less makes.
void check_shares(const std::map<std::int32_t, int>& counts, const std::vector<double>& expected,
                  int total) {
  for (std::size_t id = 0; id < expected.size(); ++id) {
    const auto found = counts.find(static_cast<std::int32_t>(id));
    const int observed = found == counts.end() ? 0 : found->second;
    INFO("token " << id);
    CHECK(std::fabs(observed - expected[id] * total) <= (expected[id] == 0.0 ? 0.0 : 1.0));
  }
}

constexpr int kDraws = 500;

TEST_CASE("temperature 0 takes the highest logit and the lowest id of equal ones") {
  CHECK(sample({.temperature = 0.0f}, {1.0f, 3.0f, 3.0f, -2.0f}).report.id == 1);
}

TEST_CASE("temperature 1 draws from the softmax of the logits") {
  check_shares(draw_many({.temperature = 1.0f}, kDraws), {0.3, 0.1, 0.4, 0.2}, kDraws);
}

TEST_CASE("temperature 0.5 squares the probabilities") {
  check_shares(draw_many({.temperature = 0.5f}, kDraws), {0.3, 0.1 / 3, 1.6 / 3, 0.4 / 3}, kDraws);
}

TEST_CASE("top_k keeps the k most probable tokens, and the lowest ids among equal ones") {
  check_shares(draw_many({.top_k = 2}, kDraws), {3.0 / 7, 0, 4.0 / 7, 0}, kDraws);
  check_shares(draw_many({.top_k = 2}, kDraws, {1.0f, 1.0f, 1.0f}), {0.5, 0.5, 0}, kDraws);
}

TEST_CASE("top_p keeps the fewest tokens that reach p") {
  check_shares(draw_many({.top_p = 0.65f}, kDraws), {3.0 / 7, 0, 4.0 / 7, 0}, kDraws);
}

TEST_CASE("top_p looks past its first sorted front when the distribution is flat") {
  const auto counts = draw_many({.top_p = 0.5f}, kDraws, std::vector<float>(1000, 0.0f));
  CHECK(counts.size() == kDraws);
  CHECK(counts.rbegin()->first == 499);
}

TEST_CASE("min_p keeps tokens relative to the most probable one") {
  check_shares(draw_many({.min_p = 0.6f}, kDraws), {3.0 / 7, 0, 4.0 / 7, 0}, kDraws);
}

TEST_CASE("tokens are drawn in order of id") {
  CHECK(sample({.uniform = 0.0f}, four_logits()).report.id == 0);
  CHECK(sample({.uniform = 0.35f}, four_logits()).report.id == 1);
  CHECK(sample({.uniform = 0.999f}, four_logits()).report.id == 3);
}

TEST_CASE("repetition_penalty divides positive and multiplies negative logits of seen tokens") {
  const Outcome outcome =
      sample({.temperature = 0.0f, .repetition_penalty = 2.0f}, {4.0f, 3.0f, -1.0f}, {0b101});
  CHECK(outcome.report.id == 1);
  CHECK(outcome.logits == std::vector<float>{2.0f, 3.0f, -2.0f});
}

TEST_CASE("the chosen token counts as seen, the others stay as they were") {
  std::vector<float> logits(70, 0.0f);
  logits[63] = 1.0f;
  CHECK(sample({.temperature = 0.0f}, logits, {1, 2, 3}).seen ==
        std::vector<std::int32_t>{1, 2 + INT32_MIN, 3});
}

TEST_CASE("logprobs are those of the model's own distribution, most probable first") {
  const SampleReport report =
      sample({.temperature = 0.0f, .repetition_penalty = 1.5f, .logprobs = 3}, four_logits(), {4})
          .report;
  CHECK(report.id == 0);  // the penalty moves token 2 behind
  CHECK_THAT(report.logprob, WithinAbs(std::log(0.3), 1e-6));
  CHECK(report.alternatives[0].id == 2);
  CHECK_THAT(report.alternatives[0].logprob, WithinAbs(std::log(0.4), 1e-6));
  CHECK(report.alternatives[1].id == 0);
  CHECK(report.alternatives[2].id == 3);
}

TEST_CASE("logits that are no numbers still give a token of the vocabulary") {
  const SampleReport report = sample({}, {NAN, NAN, NAN}).report;
  CHECK(report.id >= 0);
  CHECK(report.id < 3);
}

TEST_CASE("sample refuses tensors of another size by name") {
  OpTensors tensors(1);
  const Sample good{
      .logits = tensors.zeros(DataType::kF32, Shape{1, 33}),
      .parameters = tensors.zeros(DataType::kI32, Shape{kSampleParametersWords}),
      .seen = tensors.zeros(DataType::kI32, Shape{2}),
      .token = tensors.zeros(DataType::kI32, Shape{1}),
      .report = tensors.zeros(DataType::kI32, Shape{kSampleReportWords}),
  };
  CHECK(good.validate().has_value());
  Sample bad = good;
  bad.seen.shape = Shape{1};
  CHECK(bad.validate().error().message ==
        "Sample: seen's size (1) and the vocabulary's words (2) differ");
  bad = good;
  bad.logits.shape = Shape{3, 11};
  CHECK_FALSE(bad.validate().has_value());
  bad = good;
  bad.report = bad.token;
  CHECK_FALSE(bad.validate().has_value());
}

}  // namespace
}  // namespace tessera
