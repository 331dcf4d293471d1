// Embedding: rows of the table, as its weights are stored.
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
  for (const DataType type : {DataType::kF32, DataType::kF16, DataType::kQ8, DataType::kQ4,
                              DataType::kQ4S, DataType::kQ4M, DataType::kQ3, DataType::kQ2}) {
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

}  // namespace tessera
