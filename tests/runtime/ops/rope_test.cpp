#include "ops/rope.h"

#include <catch2/catch_test_macros.hpp>
#include <cmath>

#include "support/op_tensors.h"
#include "support/random_values.h"
#include "support/reference_ops.h"

namespace tessera {
namespace {

using testing::OpTensors;
using testing::RandomValues;

std::vector<float> frequencies_of(std::int64_t half) {
  std::vector<float> frequencies;
  for (std::int64_t i = 0; i < half; ++i) {
    frequencies.push_back(
        static_cast<float>(std::pow(10000.0, -static_cast<double>(i) / static_cast<double>(half))));
  }
  return frequencies;
}

// Two products of magnitude 1 and one sum in float32, with factors rounded once: 4 * 2^-24.
constexpr double kTolerance = 3e-7;

}  // namespace

TEST_CASE("rope matches the reference up to position 8191, for odd sizes and partial rotation") {
  RandomValues random(21);
  const std::vector<std::int32_t> positions = {0, 1, 2, 100, 4095, 8191};
  const auto tokens = static_cast<std::int64_t>(positions.size());
  for (const std::int64_t head_size : {2, 6, 16, 30, 64}) {
    for (const std::int64_t half : {std::int64_t{0}, std::int64_t{1}, head_size / 2}) {
      for (const int threads : {1, 3}) {
        OpTensors tensors(threads);
        const auto x = random.uniform(tokens * 3 * head_size, 1.0f);
        const auto frequencies = frequencies_of(half);
        const Rope op{
            .x = tensors.f32(Shape{tokens, 3, head_size}, x),
            .positions = tensors.i32(positions),
            .frequencies = tensors.f32(Shape{half}, frequencies),
            .attention_scale = 1.25f,
        };
        REQUIRE(tensors.run(op).has_value());
        const auto expected = reference::rope(reference::widen(x), positions,
                                              reference::widen(frequencies), 1.25, 3, head_size);
        INFO("head_size " << head_size << ", rotary pairs " << half);
        CHECK(testing::largest_difference(tensors.values(op.x), expected) < 2 * kTolerance);
      }
    }
  }
}

TEST_CASE("rope notices that positions, frequencies or scale changed between two runs") {
  RandomValues random(22);
  OpTensors tensors(1);
  const auto run = [&](std::int32_t position, float frequency, float scale) {
    const std::vector<float> x = {1.0f, 0.5f};
    const Rope op{
        .x = tensors.f32(Shape{1, 1, 2}, x),
        .positions = tensors.i32({position}),
        .frequencies = tensors.f32(Shape{1}, {frequency}),
        .attention_scale = scale,
    };
    REQUIRE(tensors.run(op).has_value());
    const auto expected = reference::rope({1.0, 0.5}, {position}, {frequency}, scale, 1, 2);
    CHECK(testing::largest_difference(tensors.values(op.x), expected) < 2 * kTolerance);
  };
  run(5, 1.0f, 1.0f);
  run(6, 1.0f, 1.0f);
  run(6, 0.5f, 1.0f);
  run(6, 0.5f, 1.5f);
  run(6, 0.5f, 1.5f);
}

TEST_CASE("rope refuses more frequencies than pairs") {
  OpTensors tensors(1);
  const Rope op{
      .x = tensors.zeros(DataType::kF32, Shape{1, 1, 6}),
      .positions = tensors.i32({0}),
      .frequencies = tensors.zeros(DataType::kF32, Shape{4}),
  };
  CHECK(tensors.run(op).error().message == "Rope: twice the frequencies (4) exceeds head_size (6)");
}

}  // namespace tessera
