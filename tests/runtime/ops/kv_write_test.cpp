// KvWrite: keys and values at their positions in the cache.
#include <algorithm>
#include <catch2/catch_test_macros.hpp>

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
