// Embedding and KvWrite: ops that move rows from and to places that the input names.
#include <catch2/catch_test_macros.hpp>
#include <string>

#include "ops/op.h"
#include "support/op_tensors.h"
#include "support/random_values.h"
#include "support/reference_ops.h"

namespace tessera {
namespace {

using reference::at;
using testing::OpTensors;
using testing::RandomValues;

}  // namespace

TEST_CASE("embedding returns the rows that the ids name, from every weight type") {
  RandomValues random(41);
  for (const DataType type :
       {DataType::kF32, DataType::kF16, DataType::kQ8, DataType::kQ4, DataType::kQ4M}) {
    for (const std::int64_t width : {1, 31, 32, 33, 100}) {
      OpTensors tensors(2);
      const Shape shape{11, width};
      const auto bytes =
          testing::weight_bytes(type, shape, random.uniform(shape.element_count(), 1.0f));
      const auto values = testing::weight_values(type, shape, bytes);
      const std::vector<std::int32_t> ids = {10, 0, 3, 3, 8, 7};
      const Embedding op{.table = tensors.from_bytes(type, shape, bytes),
                         .ids = tensors.i32(ids),
                         .out = tensors.unset(Shape{6, width})};
      REQUIRE(tensors.run(op).has_value());
      const auto out = tensors.values(op.out);
      for (std::size_t t = 0; t < ids.size(); ++t) {
        for (std::size_t i = 0; i < at(width); ++i) {
          REQUIRE(double{out[t * at(width) + i]} == values[at(ids[t]) * at(width) + i]);
        }
      }
    }
  }
}

TEST_CASE("embedding refuses ids outside the vocabulary and names them") {
  OpTensors tensors(1);
  for (const std::int32_t id : {-1, 4, INT32_MAX, INT32_MIN}) {
    const Embedding op{.table = tensors.zeros(DataType::kQ8, Shape{4, 32}),
                       .ids = tensors.i32({0, id}),
                       .out = tensors.unset(Shape{2, 32})};
    CHECK(tensors.run(op).error().message ==
          "token id " + std::to_string(id) + " is outside the vocabulary of 4");
  }
}

TEST_CASE("kv_write puts keys and values at their positions and leaves the rest") {
  RandomValues random(42);
  const std::int64_t heads = 3, head_size = 5, context = 7;
  const std::vector<std::int32_t> positions = {6, 0, 3};
  for (const DataType type : {DataType::kF32, DataType::kF16}) {
    OpTensors tensors(2);
    const auto key = random.uniform(3 * heads * head_size, 2.0f);
    const auto value = random.uniform(3 * heads * head_size, 2.0f);
    const Shape cache{heads, context, head_size};
    const KvWrite op{.key = tensors.f32(Shape{3, heads, head_size}, key),
                     .value = tensors.f32(Shape{3, heads, head_size}, value),
                     .positions = tensors.i32(positions),
                     .key_cache = tensors.zeros(type, cache),
                     .value_cache = tensors.zeros(type, cache)};
    REQUIRE(tensors.run(op).has_value());
    const auto read = [&](const TensorRef& tensor, std::int64_t element) {
      return type == DataType::kF32
                 ? tensor.host_span<const float>()[at(element)]
                 : half_to_float(tensor.host_span<const std::uint16_t>()[at(element)]);
    };
    const auto stored = [&](float number) {
      return type == DataType::kF32 ? number : half_to_float(float_to_half(number));
    };
    for (std::int64_t h = 0; h < heads; ++h) {
      for (std::int32_t p = 0; p < context; ++p) {
        const auto found = std::find(positions.begin(), positions.end(), p);
        for (std::int64_t i = 0; i < head_size; ++i) {
          const std::int64_t element = (h * context + p) * head_size + i;
          const std::int64_t source = ((found - positions.begin()) * heads + h) * head_size + i;
          const bool is_written = found != positions.end();
          REQUIRE(read(op.key_cache, element) == (is_written ? stored(key[at(source)]) : 0.0f));
          REQUIRE(read(op.value_cache, element) == (is_written ? stored(value[at(source)]) : 0.0f));
        }
      }
    }
  }
}

TEST_CASE("kv_write refuses positions outside the cache before it writes anything") {
  OpTensors tensors(1);
  const KvWrite op{.key = tensors.f32(Shape{2, 1, 1}, {1, 1}),
                   .value = tensors.f32(Shape{2, 1, 1}, {1, 1}),
                   .positions = tensors.i32({0, 4}),
                   .key_cache = tensors.zeros(DataType::kF32, Shape{1, 4, 1}),
                   .value_cache = tensors.zeros(DataType::kF32, Shape{1, 4, 1})};
  CHECK(tensors.run(op).error().message == "position 4 is outside the cache of 4 tokens");
  CHECK(tensors.values(op.key_cache) == std::vector<float>(4, 0.0f));
}

}  // namespace tessera
