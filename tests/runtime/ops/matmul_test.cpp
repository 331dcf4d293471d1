#include "ops/matmul.h"

#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <string>

#include "quantization/q8.h"
#include "support/op_tensors.h"
#include "support/random_values.h"
#include "support/reference_ops.h"

namespace tessera {
namespace {

using reference::at;
using testing::OpTensors;
using testing::RandomValues;

constexpr DataType kWeightTypes[] = {DataType::kF32, DataType::kF16, DataType::kQ8, DataType::kQ4,
                                     DataType::kQ4M, DataType::kQ3,  DataType::kQ2};

struct Size {
  std::int64_t tokens;
  std::int64_t rows;
  std::int64_t columns;
};

// One of every kind: a single value, exact panels and groups, one less and one more of each, token
// counts around a tile and a block of tiles.
constexpr Size kSizes[] = {{1, 1, 1},    {1, 8, 32},   {1, 7, 31},   {2, 9, 33},   {3, 16, 64},
                           {4, 5, 100},  {5, 24, 96},  {7, 3, 7},    {1, 65, 257}, {9, 40, 128},
                           {66, 17, 65}, {130, 9, 40}, {1, 1, 1024}, {1, 1000, 8}};

struct Problem {
  Size size;
  DataType type;
  std::vector<float> x;
  std::vector<std::byte> weight;
  std::vector<float> bias;
  reference::Sums expected;

  Problem(const Size& of_size, DataType of_type, std::vector<float> of_x, RandomValues& random)
      : size(of_size), type(of_type), x(std::move(of_x)) {
    const Shape shape{size.rows, size.columns};
    weight = testing::weight_bytes(type, shape, random.uniform(shape.element_count(), 0.5f));
    bias = random.uniform(size.rows, 1.0f);
    expected = reference::matmul(reference::widen(x), testing::weight_values(type, shape, weight),
                                 reference::widen(bias), size.tokens, size.rows, size.columns);
  }

  std::vector<float> run(int threads, Activations activations) const {
    OpTensors tensors(threads);
    const MatMul op{
        .x = tensors.f32(Shape{size.tokens, size.columns}, x),
        .weight = tensors.from_bytes(type, Shape{size.rows, size.columns}, weight),
        .bias = tensors.f32(Shape{size.rows}, bias),
        .out = tensors.unset(Shape{size.tokens, size.rows}),
        .activations = activations,
    };
    REQUIRE(tensors.run(op).has_value());
    return tensors.values(op.out);
  }

  // The largest error, relative to the sum of magnitudes of the products.
  double error(const std::vector<float>& values) const {
    double worst = 0.0;
    REQUIRE(values.size() == expected.values.size());
    for (std::size_t i = 0; i < values.size(); ++i) {
      const double error = std::fabs(values[i] - expected.values[i]);
      // A NaN compares false with everything and must not pass.
      if (!(error <= worst * expected.magnitudes[i])) worst = error / expected.magnitudes[i];
    }
    return worst;
  }

  std::string description() const {
    return std::string(data_type_name(type)) + ", " + std::to_string(size.tokens) + " tokens, " +
           std::to_string(size.rows) + " x " + std::to_string(size.columns);
  }
};

// Multiples of max / 127 in every group of 32, the largest of them 127 steps: rounding to 8 bits
// changes nothing.
std::vector<float> exact_activations(const Size& size, RandomValues& random) {
  std::vector<float> x;
  float step = 0.0f;
  for (std::int64_t i = 0; i < size.tokens * size.columns; ++i) {
    const bool is_first = i % size.columns % kGroupColumns == 0;
    if (is_first) step = std::ldexp(1.0f, random.below(6) - 8);
    const std::int32_t steps = is_first ? 127 - 254 * random.below(2) : random.below(255) - 127;
    x.push_back(step * static_cast<float>(steps));
  }
  return x;
}

}  // namespace

// Float sums of up to 1024 products: each addition rounds by at most 2^-24 of the running sum of
// magnitudes. In practice errors average out; 64 roundings is generous for the partial sums kept.
constexpr double kFloatTolerance = 64 * 0x1p-24;

TEST_CASE("matmul with float activations matches the reference for every weight type and size") {
  RandomValues random(1);
  for (const DataType type : kWeightTypes) {
    for (const Size& size : kSizes) {
      const Problem problem(size, type, random.uniform(size.tokens * size.columns, 2.0f), random);
      INFO(problem.description());
      CHECK(problem.error(problem.run(1, Activations::kF32)) < kFloatTolerance);
    }
  }
}

TEST_CASE("matmul with int8 activations is exact where rounding to 8 bits loses nothing") {
  RandomValues random(2);
  for (const DataType type : kWeightTypes) {
    for (const Size& size : kSizes) {
      const Problem problem(size, type, exact_activations(size, random), random);
      INFO(problem.description());
      CHECK(problem.error(problem.run(1, Activations::kInt8)) < kFloatTolerance);
    }
  }
}

TEST_CASE("matmul with int8 activations errs by at most half a step an activation") {
  RandomValues random(3);
  for (const DataType type :
       {DataType::kQ8, DataType::kQ4, DataType::kQ4M, DataType::kQ3, DataType::kQ2}) {
    for (const Size& size : kSizes) {
      const Problem problem(size, type, random.uniform(size.tokens * size.columns, 3.0f), random);
      const auto out = problem.run(2, Activations::kInt8);
      const auto weights =
          testing::weight_values(type, Shape{size.rows, size.columns}, problem.weight);
      INFO(problem.description());
      for (std::int64_t t = 0; t < size.tokens; ++t) {
        for (std::int64_t r = 0; r < size.rows; ++r) {
          double bound = 0.0;
          for (std::int64_t group = 0; group < size.columns; group += kGroupColumns) {
            double largest = 0.0, magnitudes = 0.0;
            for (std::int64_t i = group; i < std::min(size.columns, group + kGroupColumns); ++i) {
              largest = std::max(largest, std::fabs(double{problem.x[at(t * size.columns + i)]}));
              magnitudes += std::fabs(weights[at(r * size.columns + i)]);
            }
            bound += magnitudes * largest / 127 / 2;
          }
          const std::size_t i = at(t * size.rows + r);
          const double rounding = kFloatTolerance * problem.expected.magnitudes[i];
          REQUIRE(std::fabs(out[i] - problem.expected.values[i]) <= bound * 1.0001 + rounding);
        }
      }
    }
  }
}

TEST_CASE("matmul gives the same bits with one, two and three threads") {
  RandomValues random(4);
  const Size size{37, 133, 200};
  for (const DataType type : kWeightTypes) {
    for (const Activations activations : {Activations::kF32, Activations::kInt8}) {
      const Problem problem(size, type, random.uniform(size.tokens * size.columns, 2.0f), random);
      const auto one = problem.run(1, activations);
      INFO(problem.description());
      CHECK(one == problem.run(2, activations));
      CHECK(one == problem.run(3, activations));
    }
  }
}

TEST_CASE("matmul without a bias leaves nothing added, and without tokens or rows does nothing") {
  OpTensors tensors(2);
  for (const DataType type : kWeightTypes) {
    for (const Size& size : {Size{0, 8, 32}, Size{3, 0, 32}, Size{2, 3, 0}}) {
      const MatMul op{
          .x = tensors.zeros(DataType::kF32, Shape{size.tokens, size.columns}),
          .weight = tensors.zeros(type, Shape{size.rows, size.columns}),
          .bias = {},
          .out = tensors.unset(Shape{size.tokens, size.rows}),
          .activations = Activations::kInt8,
      };
      REQUIRE(tensors.run(op).has_value());
      for (const float value : tensors.values(op.out)) CHECK(value == 0.0f);
    }
  }
}

TEST_CASE("matmul q8 with int8 activations is exact for the weight -128") {
  OpTensors tensors(1);
  Q8Block block{};
  for (auto& scale : block.scales) scale = float_to_half(1.0f);
  for (auto& chunk : block.quants) {
    for (auto& row : chunk) std::fill_n(row, 4, std::int8_t{-128});
  }
  for (const float sign : {1.0f, -1.0f}) {
    const MatMul op{
        .x = tensors.f32(Shape{1, 32}, std::vector<float>(32, 127.0f * sign)),
        .weight =
            tensors.from_bytes(DataType::kQ8, Shape{8, 32}, std::as_bytes(std::span(&block, 1))),
        .bias = {},
        .out = tensors.unset(Shape{1, 8}),
        .activations = Activations::kInt8,
    };
    REQUIRE(tensors.run(op).has_value());
    CHECK(tensors.values(op.out) == std::vector<float>(8, -128.0f * 127.0f * 32.0f * sign));
  }
}

TEST_CASE("matmul passes zeros, tiny and infinite activations on") {
  OpTensors tensors(1);
  const auto weight =
      testing::weight_bytes(DataType::kQ4, Shape{1, 32}, std::vector<float>(32, 1.0f));
  for (const float value : {0.0f, 1e-35f, 1e-40f}) {
    const MatMul op{
        .x = tensors.f32(Shape{1, 32}, std::vector<float>(32, value)),
        .weight = tensors.from_bytes(DataType::kQ4, Shape{1, 32}, weight),
        .bias = {},
        .out = tensors.unset(Shape{1, 1}),
        .activations = Activations::kInt8,
    };
    REQUIRE(tensors.run(op).has_value());
    CHECK(std::fabs(tensors.values(op.out)[0]) <= 1e-30f);
  }
}

TEST_CASE("matmuls of the same x that follow each other give the bits that each gives alone") {
  RandomValues random(5);
  const std::int64_t rows[] = {24, 9, 1, 40, 7, 16};
  for (const std::int64_t tokens : {1, 6}) {
    for (const DataType last : {DataType::kQ4, DataType::kQ8}) {
      OpTensors tensors(2);
      const TensorRef x = tensors.f32(Shape{tokens, 70}, random.uniform(tokens * 70, 2.0f));
      std::vector<Op> together;
      std::vector<std::vector<float>> alone;
      for (const std::int64_t count : rows) {
        const DataType type = count == 16 ? last : DataType::kQ4;
        const Shape shape{count, 70};
        const auto weight = testing::weight_bytes(type, shape, random.uniform(count * 70, 0.5f));
        MatMul op{.x = x,
                  .weight = tensors.from_bytes(type, shape, weight),
                  .bias = tensors.f32(Shape{count}, random.uniform(count, 1.0f)),
                  .out = tensors.unset(Shape{tokens, count}),
                  .activations = Activations::kInt8};
        REQUIRE(tensors.run(op).has_value());
        alone.push_back(tensors.values(op.out));
        op.out = tensors.unset(Shape{tokens, count});
        together.push_back(op);
      }
      REQUIRE(tensors.run(together).has_value());
      for (std::size_t i = 0; i < together.size(); ++i) {
        CHECK(tensors.values(std::get<MatMul>(together[i]).out) == alone[i]);
      }
    }
  }
}

TEST_CASE("matmuls that write to the same place run one after the other") {
  OpTensors tensors(2);
  const auto make = [&](float value) {
    return testing::weight_bytes(DataType::kQ8, Shape{64, 32}, std::vector<float>(64 * 32, value));
  };
  MatMul op{.x = tensors.f32(Shape{1, 32}, std::vector<float>(32, 1.0f)),
            .weight = tensors.from_bytes(DataType::kQ8, Shape{64, 32}, make(1.0f)),
            .bias = {},
            .out = tensors.unset(Shape{1, 64}),
            .activations = Activations::kInt8};
  std::vector<Op> ops = {op};
  op.weight = tensors.from_bytes(DataType::kQ8, Shape{64, 32}, make(2.0f));
  ops.push_back(op);
  REQUIRE(tensors.run(ops).has_value());
  for (const float value : tensors.values(op.out)) CHECK(value > 60.0f);
}

TEST_CASE("matmul names the contract that it finds broken") {
  OpTensors tensors(1);
  const MatMul valid{
      .x = tensors.zeros(DataType::kF32, Shape{2, 32}),
      .weight = tensors.zeros(DataType::kQ4, Shape{8, 32}),
      .bias = tensors.zeros(DataType::kF32, Shape{8}),
      .out = tensors.zeros(DataType::kF32, Shape{2, 8}),
  };
  REQUIRE(valid.validate().has_value());
  const auto message = [](const MatMul& op) { return op.validate().error().message; };
  MatMul broken = valid;
  broken.x.shape = Shape{2, 31};
  CHECK(message(broken) == "MatMul: x's in_features (31) and weight's in_features (32) differ");
  broken = valid;
  broken.out.shape = Shape{1, 8};
  CHECK(message(broken) == "MatMul: x's tokens (2) and out's tokens (1) differ");
  broken = valid;
  broken.bias.shape = Shape{9};
  CHECK(message(broken).find("bias takes 36 bytes at offset 0 of a buffer of 32") !=
        std::string::npos);
  broken = valid;
  broken.weight.type = DataType::kI32;
  CHECK(message(broken).find("weight has type i32") != std::string::npos);
  broken = valid;
  broken.out.buffer = broken.x.buffer;
  CHECK(message(broken) == "MatMul: x and out overlap");
}

}  // namespace tessera
