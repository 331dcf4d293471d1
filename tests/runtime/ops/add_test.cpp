// Add, and what every op refuses of overlapping operands.
#include <catch2/catch_test_macros.hpp>

#include "ops/op.h"
#include "support/op_tensors.h"
#include "support/random_values.h"

namespace tessera {
namespace {

using testing::OpTensors;
using testing::RandomValues;

}  // namespace

TEST_CASE("add sums element by element, into either operand too") {
  RandomValues random(32);
  for (const std::int64_t count : {0, 1, 5, 64, 40000}) {
    for (const int target : {0, 1, 2}) {
      OpTensors tensors(3);
      const auto a = random.uniform(count, 5.0f);
      const auto b = random.uniform(count, 5.0f);
      Add op{.a = tensors.f32(Shape{count}, a),
             .b = tensors.f32(Shape{count}, b),
             .out = tensors.unset(Shape{count})};
      if (target == 1) op.out = op.a;
      if (target == 2) op.out = op.b;
      REQUIRE(tensors.run(op).has_value());
      const auto out = tensors.values(op.out);
      for (std::size_t i = 0; i < a.size(); ++i) REQUIRE(out[i] == a[i] + b[i]);
    }
  }
}

TEST_CASE("an op that writes over part of its input is refused") {
  OpTensors tensors(1);
  Add op{.a = tensors.zeros(DataType::kF32, Shape{8}),
         .b = tensors.zeros(DataType::kF32, Shape{8}),
         .out = tensors.zeros(DataType::kF32, Shape{8})};
  op.a.shape = op.b.shape = op.out.shape = Shape{4};
  op.out.buffer = op.a.buffer;
  op.out.offset_bytes = 8;
  CHECK(tensors.run(op).error().message == "Add: a and out overlap in part");
  op.out.offset_bytes = 16;
  CHECK(tensors.run(op).has_value());
  op.out.offset_bytes = 18;
  CHECK_FALSE(tensors.run(op).has_value());
  op.out.offset_bytes = 20;
  CHECK_FALSE(tensors.run(op).has_value());
}

}  // namespace tessera
