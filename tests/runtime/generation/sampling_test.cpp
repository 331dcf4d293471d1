#include "generation/sampling.h"

#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <string>

namespace tessera {

TEST_CASE("the same seed and index give the same number, others give others") {
  CHECK(uniform_from_seed(1, 0) == uniform_from_seed(1, 0));
  CHECK(uniform_from_seed(1, 0) != uniform_from_seed(1, 1));
  CHECK(uniform_from_seed(1, 0) != uniform_from_seed(2, 0));
}

TEST_CASE("numbers from a seed are spread evenly over [0, 1)") {
  constexpr int kNumbers = 20000;
  constexpr int kBins = 16;
  int bins[kBins] = {};
  for (std::uint64_t index = 0; index < kNumbers; ++index) {
    const float number = uniform_from_seed(7, index);
    REQUIRE(number >= 0.0f);
    REQUIRE(number < 1.0f);
    ++bins[static_cast<int>(number * kBins)];
  }
  double chi_square = 0.0;
  for (const int count : bins) {
    const double expected = double{kNumbers} / kBins;
    chi_square += (count - expected) * (count - expected) / expected;
  }
  CHECK(chi_square < 37.70);  // the 99.9th percentile for 15 degrees of freedom
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

TEST_CASE("a report is read with as many alternatives as were asked for") {
  SampleReport report;
  report.id = 5;
  report.logprob = -1.5f;
  report.alternatives[0] = {9, -0.5f};
  report.alternatives[1] = {5, -1.5f};
  CHECK(read_report(report, -1).alternatives.empty());
  CHECK(read_report(report, 0).logprob == -1.5f);
  const SampledToken token = read_report(report, 2);
  REQUIRE(token.alternatives.size() == 2);
  CHECK(token.alternatives[0].id == 9);
}

}  // namespace tessera
