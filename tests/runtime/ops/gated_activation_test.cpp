// GatedActivation against double precision.
#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <limits>

#include "ops/op.h"
#include "support/op_tensors.h"
#include "support/random_values.h"
#include "support/reference_ops.h"

namespace tessera {
namespace {

using testing::OpTensors;
using testing::RandomValues;

constexpr std::int64_t kWidths[] = {0, 1, 3, 4, 7, 8, 9, 17, 64, 100, 577, 5000};

}  // namespace

TEST_CASE("gated_activation matches the reference for every function, over the whole range") {
  struct Row {
    ActivationFunction function;
    double (*reference)(double);
  };
  const Row rows[] = {{ActivationFunction::kSilu, reference::silu},
                      {ActivationFunction::kGelu, reference::gelu},
                      {ActivationFunction::kGeluTanh, reference::gelu_tanh},
                      {ActivationFunction::kRelu, reference::relu}};
  RandomValues random(33);
  for (const Row& row : rows) {
    for (const std::int64_t width : kWidths) {
      OpTensors tensors(2);
      auto gate = random.uniform(2 * width, 12.0f);
      if (width > 8) gate[3] = 300.0f;
      if (width > 8) gate[4] = -300.0f;
      const auto up = random.uniform(2 * width, 1.0f);
      const GatedActivation op{.gate = tensors.f32(Shape{2, width}, gate),
                               .up = tensors.f32(Shape{2, width}, up),
                               .out = tensors.unset(Shape{2, width}),
                               .function = row.function};
      REQUIRE(tensors.run(op).has_value());
      const auto out = tensors.values(op.out);
      for (std::size_t i = 0; i < gate.size(); ++i) {
        const double expected = row.reference(gate[i]) * static_cast<double>(up[i]);
        // A few roundings of a value as large as the gate; erf and tanh near -1 cancel.
        REQUIRE(std::fabs(out[i] - expected) <= 1e-6 * (1.0 + std::fabs(gate[i])));
      }
    }
  }
}

TEST_CASE("gated_activation of infinite and missing numbers is what the formula says") {
  const float infinity = std::numeric_limits<float>::infinity();
  OpTensors tensors(1);
  const GatedActivation op{
      .gate = tensors.f32(Shape{1, 4}, {infinity, 100.0f, -100.0f, 0.0f}),
      .up = tensors.f32(Shape{1, 4}, {1, 1, 1, 1}),
      .out = tensors.unset(Shape{1, 4}),
  };
  REQUIRE(tensors.run(op).has_value());
  const auto out = tensors.values(op.out);
  CHECK(out[0] == infinity);
  CHECK(out[1] == 100.0f);
  CHECK(std::fabs(out[2]) < 1e-30f);
  CHECK(out[3] == 0.0f);
}

}  // namespace tessera
