#include "ops/attention.h"

#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <string>

#include "support/op_tensors.h"
#include "support/random_values.h"
#include "support/reference_ops.h"

namespace tessera {
namespace {

using reference::AttentionShape;
using testing::OpTensors;
using testing::RandomValues;

// Scores are sums of up to 128 products of magnitude about 1, each rounded in float32: an error of
// 1e-5 in a score changes its weight by as much; outputs are averages of values up to 1.
constexpr double kTolerance = 2e-5;

struct Problem {
  AttentionShape shape;
  DataType cache_type = DataType::kF32;
  std::vector<float> query, keys, values;
  std::vector<std::int32_t> positions;

  Problem(const AttentionShape& of_shape, DataType type, std::int32_t first_position,
          RandomValues& random)
      : shape(of_shape), cache_type(type) {
    const std::int64_t cache = shape.key_value_heads * shape.context_tokens_max * shape.head_size;
    query = random.uniform(shape.tokens * shape.query_heads * shape.head_size, 1.0f);
    keys = random.uniform(cache, 1.0f);
    values = random.uniform(cache, 1.0f);
    if (type == DataType::kF16) {
      for (float& key : keys) key = half_to_float(float_to_half(key));
      for (float& value : values) value = half_to_float(float_to_half(value));
    }
    for (std::int32_t t = 0; t < shape.tokens; ++t) positions.push_back(first_position + t);
  }

  std::vector<float> run(int threads) const {
    OpTensors tensors(threads);
    const Shape cache{shape.key_value_heads, shape.context_tokens_max, shape.head_size};
    const Shape queries{shape.tokens, shape.query_heads, shape.head_size};
    const Attention op{
        .query = tensors.f32(queries, query),
        .key_cache = tensors.row_major(cache_type, cache, keys),
        .value_cache = tensors.row_major(cache_type, cache, values),
        .positions = tensors.i32(positions),
        .out = tensors.unset(queries),
        .scale = static_cast<float>(shape.scale),
        .window_tokens = static_cast<std::int32_t>(shape.window_tokens),
    };
    REQUIRE(tensors.run(op).has_value());
    return tensors.values(op.out);
  }

  double error(const std::vector<float>& out) const {
    const auto expected =
        reference::attention(shape, reference::widen(query), reference::widen(keys),
                             reference::widen(values), positions);
    return testing::largest_difference(out, expected);
  }
};

}  // namespace

TEST_CASE("attention matches the reference over head counts, sizes, windows and cache types") {
  RandomValues random(11);
  const AttentionShape shapes[] = {
      {1, 1, 1, 1, 1, 1.0, 0},       {1, 9, 3, 40, 64, 0.125, 0},   {3, 4, 2, 50, 16, 0.25, 0},
      {17, 4, 1, 90, 8, 0.35, 0},    {33, 2, 2, 200, 24, 0.2, 0},   {5, 6, 3, 130, 33, 0.17, 7},
      {40, 3, 3, 140, 20, 0.22, 64}, {2, 8, 2, 300, 128, 0.088, 1}, {16, 2, 1, 80, 7, 0.4, 65},
      {1, 3, 1, 150, 33, 0.17, 70},
  };
  for (const AttentionShape& shape : shapes) {
    for (const DataType type : {DataType::kF32, DataType::kF16}) {
      const auto last = static_cast<std::int32_t>(shape.context_tokens_max - shape.tokens);
      for (const std::int32_t first : {0, last}) {
        const Problem problem(shape, type, first, random);
        INFO(data_type_name(type) << " " << shape.tokens << " tokens from " << first << ", "
                                  << shape.query_heads << " heads of " << shape.head_size);
        CHECK(problem.error(problem.run(1)) < kTolerance);
      }
    }
  }
}

TEST_CASE("attention of one token over many positions matches the reference, whoever shares them") {
  RandomValues random(15);
  const AttentionShape shapes[] = {
      {1, 3, 1, 2100, 33, 0.17, 0}, {1, 4, 2, 3000, 16, 0.25, 1500}, {1, 2, 2, 1025, 40, 0.16, 0}};
  for (const AttentionShape& shape : shapes) {
    for (const DataType type : {DataType::kF32, DataType::kF16}) {
      const auto last = static_cast<std::int32_t>(shape.context_tokens_max) - 1;
      for (const std::int32_t position : {1022, 1023, 1024, last}) {
        const Problem problem(shape, type, position, random);
        INFO(data_type_name(type) << " at " << position << ", heads of " << shape.head_size);
        const auto one = problem.run(1);
        CHECK(problem.error(one) < kTolerance);
        CHECK(one == problem.run(2));
        CHECK(one == problem.run(3));
      }
    }
  }
}

TEST_CASE("attention gives the same bits with one, two and three threads") {
  RandomValues random(12);
  for (const DataType type : {DataType::kF32, DataType::kF16}) {
    for (const std::int64_t tokens : {1, 37}) {
      const Problem problem({tokens, 6, 2, 150, 40, 0.15, 0}, type, 100, random);
      const auto one = problem.run(1);
      CHECK(one == problem.run(2));
      CHECK(one == problem.run(3));
    }
  }
}

TEST_CASE("attention survives scores far apart and far from zero") {
  RandomValues random(13);
  for (const double scale : {100.0, -100.0, 0.0}) {
    const Problem problem({4, 2, 1, 100, 16, scale, 0}, DataType::kF32, 90, random);
    // A score's own rounding grows with the scale, and with it the weights' error.
    CHECK(problem.error(problem.run(1)) < kTolerance * (1 + std::fabs(scale)));
  }
}

TEST_CASE("attention ignores what lies in the cache beyond a token's position") {
  RandomValues random(14);
  Problem problem({2, 2, 2, 64, 8, 0.35, 0}, DataType::kF32, 10, random);
  const auto clean = problem.run(1);
  for (std::int64_t head = 0; head < 2; ++head) {
    for (std::int64_t i = (head * 64 + 12) * 8; i < (head + 1) * 64 * 8; ++i) {
      problem.keys[reference::at(i)] = 1e30f;
      problem.values[reference::at(i)] = std::bit_cast<float>(0x7fc00000u);
    }
  }
  CHECK(problem.run(1) == clean);
}

TEST_CASE("attention refuses positions outside the cache and contradictory shapes") {
  OpTensors tensors(1);
  Attention op{
      .query = tensors.zeros(DataType::kF32, Shape{1, 4, 8}),
      .key_cache = tensors.zeros(DataType::kF32, Shape{2, 16, 8}),
      .value_cache = tensors.zeros(DataType::kF32, Shape{2, 16, 8}),
      .positions = tensors.i32({16}),
      .out = tensors.zeros(DataType::kF32, Shape{1, 4, 8}),
  };
  CHECK(tensors.run(op).error().message == "position 16 is outside the cache of 16 tokens");
  op.positions = tensors.i32({-1});
  CHECK(tensors.run(op).error().code == ErrorCode::kInvalidArgument);
  op.positions = tensors.i32({0});
  CHECK(tensors.run(op).has_value());
  op.query.shape = Shape{1, 3, 8};
  op.out.shape = Shape{1, 3, 8};
  CHECK(tensors.run(op).error().message ==
        "Attention: query_heads (3) is no multiple of key_value_heads (2)");
}

TEST_CASE("attention without tokens or heads does nothing") {
  OpTensors tensors(2);
  for (const Shape& queries : {Shape{0, 4, 8}, Shape{2, 0, 8}, Shape{2, 4, 0}}) {
    const Shape cache{2, 16, queries[2]};
    const Attention op{
        .query = tensors.zeros(DataType::kF32, queries),
        .key_cache = tensors.zeros(DataType::kF16, cache),
        .value_cache = tensors.zeros(DataType::kF16, cache),
        .positions = tensors.i32(std::vector<std::int32_t>(reference::at(queries[0]), 3)),
        .out = tensors.zeros(DataType::kF32, queries),
    };
    CHECK(tensors.run(op).has_value());
  }
}

}  // namespace tessera
