#include "ops/matmul.h"

#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <string>

#include "quantization/low_bit_blocks.h"
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
                                     DataType::kQ4S, DataType::kQ4M, DataType::kQ3, DataType::kQ2};

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

bool is_looked_up(DataType type) {
  return type == DataType::kQ2 || type == DataType::kQ3;
}

// Even multiples of a step in every group of 32, of which the first four have magnitudes that add
// up to 254 steps and no other four more: halved sums and differences are whole steps, up to 127.
std::vector<float> exact_sums_of_four(const Size& size, RandomValues& random) {
  std::vector<float> x;
  for (std::int64_t token = 0; token < size.tokens; ++token) {
    for (std::int64_t first = 0; first < size.columns; first += kGroupColumns) {
      const float step = std::ldexp(1.0f, random.below(6) - 8);
      const auto group = x.size();
      int left = 127;
      for (std::int64_t i = first; i < std::min(size.columns, first + kGroupColumns); ++i) {
        const std::int32_t steps = random.below(63) - 31;
        if (i > first && i < first + 4) left -= std::abs(steps);
        x.push_back(2.0f * step * static_cast<float>(steps));
      }
      x[group] = 2.0f * step * static_cast<float>(random.below(2) == 0 ? left : -left);
    }
  }
  return x;
}

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
      const auto x =
          is_looked_up(type) ? exact_sums_of_four(size, random) : exact_activations(size, random);
      const Problem problem(size, type, x, random);
      INFO(problem.description());
      CHECK(problem.error(problem.run(1, Activations::kInt8)) < kFloatTolerance);
    }
  }
}

// Half a step of every activation of a group, times its weight.
double rounding_of_activations(const Problem& problem, const std::vector<double>& weights,
                               std::int64_t token, std::int64_t row, std::int64_t group) {
  double largest = 0.0, magnitudes = 0.0;
  const std::int64_t columns = problem.size.columns;
  for (std::int64_t i = group; i < std::min(columns, group + kGroupColumns); ++i) {
    largest = std::max(largest, std::fabs(double{problem.x[at(token * columns + i)]}));
    magnitudes += std::fabs(weights[at(row * columns + i)]);
  }
  return magnitudes * largest / 127 / 2;
}

// Half a step of what is looked up for every bit of four weights, times that bit, and of the sum of
// the group, times the distance of the zero point from the middle.
template <typename Block>
double rounding_of_tables(const Problem& problem, std::int64_t token, std::int64_t row,
                          std::int64_t group) {
  const std::int64_t columns = problem.size.columns;
  const auto* blocks = reinterpret_cast<const Block*>(problem.weight.data());
  const Block& block = blocks[row / kPanelRows * group_count(columns) + group / kGroupColumns];
  double largest = 0.0, quads = 0.0;
  for (std::int64_t first = group; first < std::min(columns, group + kGroupColumns); first += 4) {
    double sum = 0.0;
    for (std::int64_t i = first; i < std::min(columns, first + 4); ++i) {
      sum += std::fabs(double{problem.x[at(token * columns + i)]});
    }
    largest = std::max(largest, sum / 2);
    quads += 1.0;
  }
  const LowBitLine line = read_line(block, row % kPanelRows);
  const double zero = low_bit_zero(line.zero, Block::kBits);
  const double middle = quant_max(Block::kBits) / 2.0;
  const double steps = quads * quant_max(Block::kBits) + std::fabs(zero - middle);
  return low_bit_scale(line.scale) * steps * largest / 127 / 2;
}

double rounding_bound(const Problem& problem, const std::vector<double>& weights,
                      std::int64_t token, std::int64_t row) {
  double bound = 0.0;
  for (std::int64_t group = 0; group < problem.size.columns; group += kGroupColumns) {
    bound += problem.type == DataType::kQ2 ? rounding_of_tables<Q2Block>(problem, token, row, group)
             : problem.type == DataType::kQ3
                 ? rounding_of_tables<Q3Block>(problem, token, row, group)
                 : rounding_of_activations(problem, weights, token, row, group);
  }
  return bound;
}

TEST_CASE("matmul with int8 activations errs by at most half a step of what it rounds") {
  RandomValues random(3);
  for (const DataType type : {DataType::kQ8, DataType::kQ4, DataType::kQ4S, DataType::kQ4M,
                              DataType::kQ3, DataType::kQ2}) {
    for (const Size& size : kSizes) {
      const Problem problem(size, type, random.uniform(size.tokens * size.columns, 3.0f), random);
      const auto out = problem.run(2, Activations::kInt8);
      const auto weights =
          testing::weight_values(type, Shape{size.rows, size.columns}, problem.weight);
      INFO(problem.description());
      for (std::int64_t t = 0; t < size.tokens; ++t) {
        for (std::int64_t r = 0; r < size.rows; ++r) {
          const double bound = rounding_bound(problem, weights, t, r);
          const std::size_t i = at(t * size.rows + r);
          const double rounding = kFloatTolerance * problem.expected.magnitudes[i];
          REQUIRE(std::fabs(out[i] - problem.expected.values[i]) <= bound * 1.0001 + rounding);
        }
      }
    }
  }
}

// Four times the square of an error is one bit less. Uniform activations are the hardest for
// tables: of no four is the sum of magnitudes much larger than of the others.
TEST_CASE("matmul of q2 and q3 with int8 activations loses less than a bit to rounding them") {
  const Size size{4, 64, 512};
  const auto square_error = [](const std::vector<float>& values, const std::vector<double>& from) {
    double sum = 0.0;
    for (std::size_t i = 0; i < values.size(); ++i) sum += std::pow(values[i] - from[i], 2);
    return sum;
  };
  for (const DataType type : {DataType::kQ3, DataType::kQ2}) {
    RandomValues random(6);
    const Problem problem(size, type, random.uniform(size.tokens * size.columns, 2.0f), random);
    std::vector<double> rounded;
    for (std::int64_t first = 0; first < std::ssize(problem.x); first += kGroupColumns) {
      double largest = 0.0;
      for (std::int64_t i = first; i < first + kGroupColumns; ++i) {
        largest = std::max(largest, std::fabs(double{problem.x[at(i)]}));
      }
      for (std::int64_t i = first; i < first + kGroupColumns; ++i) {
        rounded.push_back(std::round(problem.x[at(i)] * 127 / largest) * largest / 127);
      }
    }
    const auto by_rounding = reference::matmul(
        rounded, testing::weight_values(type, Shape{size.rows, size.columns}, problem.weight),
        reference::widen(problem.bias), size.tokens, size.rows, size.columns);
    const std::vector<float> rounded_out(by_rounding.values.begin(), by_rounding.values.end());
    INFO(problem.description());
    CHECK(square_error(problem.run(1, Activations::kInt8), problem.expected.values) <
          4.0 * square_error(rounded_out, problem.expected.values));
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
