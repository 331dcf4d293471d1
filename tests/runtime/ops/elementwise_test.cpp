// RmsNorm, Add and GatedActivation: ops whose rows or elements stand alone.
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

TEST_CASE("every op has its name and is validated through the variant") {
  CHECK(std::string(op_name(Op{Embedding{}})) == "Embedding");
  CHECK(std::string(op_name(Op{RmsNorm{}})) == "RmsNorm");
  CHECK(std::string(op_name(Op{MatMul{}})) == "MatMul");
  CHECK(std::string(op_name(Op{Rope{}})) == "Rope");
  CHECK(std::string(op_name(Op{KvWrite{}})) == "KvWrite");
  CHECK(std::string(op_name(Op{Attention{}})) == "Attention");
  CHECK(std::string(op_name(Op{Add{}})) == "Add");
  CHECK(std::string(op_name(Op{GatedActivation{}})) == "GatedActivation");
  const Op ops[] = {Embedding{}, RmsNorm{},   MatMul{}, Rope{},
                    KvWrite{},   Attention{}, Add{},    GatedActivation{}};
  for (const Op& op : ops) {
    const auto result = validate(op);
    REQUIRE_FALSE(result.has_value());
    CHECK(result.error().code == ErrorCode::kInvalidArgument);
    CHECK(result.error().message.starts_with(op_name(op)));
  }
}

}  // namespace tessera
