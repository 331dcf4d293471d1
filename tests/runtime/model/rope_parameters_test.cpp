#include "model/rope_parameters.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_floating_point.hpp>
#include <cmath>
#include <numbers>

namespace tessera {
namespace {

using Catch::Matchers::WithinRel;

RopeFrequencies frequencies(const RopeParameters& parameters, std::int64_t head_size) {
  auto result = compute_rope_frequencies(parameters, head_size);
  REQUIRE(result.has_value());
  return std::move(result).value();
}

TEST_CASE("default frequencies fall from 1 by powers of theta") {
  const auto rope = frequencies({.theta = 10000.0}, 4);
  REQUIRE(rope.frequencies.size() == 2);
  CHECK_THAT(rope.frequencies[0], WithinRel(1.0, 1e-7));
  CHECK_THAT(rope.frequencies[1], WithinRel(0.01, 1e-6));
  CHECK(rope.attention_scale == 1.0f);
}

TEST_CASE("linear scaling divides every frequency") {
  const auto rope = frequencies({.type = "linear", .theta = 10000.0, .factor = 4.0}, 4);
  CHECK_THAT(rope.frequencies[0], WithinRel(0.25, 1e-6));
  CHECK_THAT(rope.frequencies[1], WithinRel(0.0025, 1e-6));
}

TEST_CASE("partial rotary embeddings have fewer frequencies") {
  CHECK(frequencies({.partial_rotary_factor = 0.5}, 16).frequencies.size() == 4);
}

TEST_CASE("llama3 scaling keeps short wavelengths, divides long ones and blends between") {
  const RopeParameters parameters{.type = "llama3",
                                  .theta = 500000.0,
                                  .factor = 8.0,
                                  .original_context_tokens = 8192,
                                  .low_freq_factor = 1.0,
                                  .high_freq_factor = 4.0};
  const auto rope = frequencies(parameters, 128);
  const auto plain = frequencies({.theta = 500000.0}, 128);
  for (std::size_t i = 0; i < 64; ++i) {
    const double wavelength = 2.0 * std::numbers::pi / plain.frequencies[i];
    if (wavelength < 8192.0 / 4.0) {
      CHECK_THAT(rope.frequencies[i], WithinRel(plain.frequencies[i], 1e-6f));
    } else if (wavelength > 8192.0) {
      CHECK_THAT(rope.frequencies[i], WithinRel(plain.frequencies[i] / 8.0f, 1e-6f));
    } else {
      CHECK(rope.frequencies[i] < plain.frequencies[i]);
      CHECK(rope.frequencies[i] > plain.frequencies[i] / 8.0f);
    }
  }
}

TEST_CASE("yarn keeps fast pairs, divides slow ones and scales attention") {
  const RopeParameters parameters{
      .type = "yarn", .theta = 10000.0, .factor = 16.0, .original_context_tokens = 4096};
  const auto rope = frequencies(parameters, 128);
  const auto plain = frequencies({.theta = 10000.0}, 128);
  CHECK_THAT(rope.frequencies[0], WithinRel(plain.frequencies[0], 1e-6f));
  CHECK_THAT(rope.frequencies[63], WithinRel(plain.frequencies[63] / 16.0f, 1e-6f));
  // Peng et al., equation 22: 0.1 ln(s) + 1.
  CHECK_THAT(rope.attention_scale, WithinRel(0.1f * std::log(16.0f) + 1.0f, 1e-6f));
}

TEST_CASE("impossible rope parameters are refused") {
  CHECK(compute_rope_frequencies({.type = "longrope"}, 64).error().code == ErrorCode::kUnsupported);
  CHECK(compute_rope_frequencies({.type = "llama3"}, 64).error().code == ErrorCode::kInvalidFile);
  CHECK(compute_rope_frequencies({.theta = 0.0}, 64).error().code == ErrorCode::kInvalidFile);
  CHECK(compute_rope_frequencies({}, 63).error().code == ErrorCode::kInvalidFile);
}

}  // namespace
}  // namespace tessera
