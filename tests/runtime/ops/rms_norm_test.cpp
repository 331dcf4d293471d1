// RmsNorm against double precision.
#include <catch2/catch_test_macros.hpp>
#include <cmath>

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

TEST_CASE("rms_norm matches the reference, in place and not") {
  RandomValues random(31);
  for (const std::int64_t width : kWidths) {
    for (const std::int64_t rows : {0, 1, 5}) {
      for (const bool is_in_place : {false, true}) {
        OpTensors tensors(2);
        const auto x = random.uniform(rows * width, 3.0f);
        const auto weight = random.uniform(width, 2.0f);
        RmsNorm op{.x = tensors.f32(Shape{rows, width}, x),
                   .weight = tensors.f32(Shape{width}, weight),
                   .out = tensors.unset(Shape{rows, width}),
                   .epsilon = 1e-5f};
        if (is_in_place) op.out = op.x;
        REQUIRE(tensors.run(op).has_value());
        INFO(rows << " rows of " << width);
        if (width == 0) continue;
        const auto expected =
            reference::rms_norm(reference::widen(x), reference::widen(weight), 1e-5f);
        // Outputs reach 4; the factor's relative error is a few roundings.
        CHECK(testing::largest_difference(tensors.values(op.out), expected) < 4e-6);
      }
    }
  }
}

TEST_CASE("rms_norm of a row of zeros is zero, and of tiny values keeps epsilon") {
  OpTensors tensors(1);
  const RmsNorm op{.x = tensors.f32(Shape{2, 4}, {0, 0, 0, 0, 1e-6f, -1e-6f, 1e-6f, 1e-6f}),
                   .weight = tensors.f32(Shape{4}, {1, 1, 1, 1}),
                   .out = tensors.unset(Shape{2, 4}),
                   .epsilon = 1e-6f};
  REQUIRE(tensors.run(op).has_value());
  const auto out = tensors.values(op.out);
  for (std::size_t i = 0; i < 4; ++i) CHECK(out[i] == 0.0f);
  CHECK(std::fabs(out[4] - 1e-3f) < 1e-8f);
}

}  // namespace tessera
