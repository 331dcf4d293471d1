#include <catch2/catch_test_macros.hpp>
#include <cstdint>
#include <string>

#include "tensor/data_type.h"
#include "tensor/shape.h"
#include "tensor/tensor_ref.h"

namespace tessera {

TEST_CASE("every data type is found by its name, and no other name is") {
  for (const DataType type :
       {DataType::kF32, DataType::kF16, DataType::kI32, DataType::kQ8, DataType::kQ4,
        DataType::kQ4S, DataType::kQ4M, DataType::kQ3, DataType::kQ2}) {
    CHECK(data_type_from_name(data_type_name(type)) == type);
  }
  for (const std::string_view name : {"", "q", "Q4", "q4 ", "f64"}) {
    CHECK_FALSE(data_type_from_name(name).has_value());
  }
}

TEST_CASE("sizes of row-major tensors are elements times their size") {
  CHECK(tensor_size_bytes(DataType::kF32, Shape{3, 5}).value() == 60);
  CHECK(tensor_size_bytes(DataType::kF16, Shape{2, 3, 5, 7}).value() == 420);
  CHECK(tensor_size_bytes(DataType::kI32, Shape{}).value() == 4);
  CHECK(tensor_size_bytes(DataType::kF32, Shape{0, 5}).value() == 0);
}

TEST_CASE("sizes of quantized matrices count whole panels and groups") {
  CHECK(tensor_size_bytes(DataType::kQ8, Shape{8, 32}).value() == 272);
  CHECK(tensor_size_bytes(DataType::kQ8, Shape{1, 1}).value() == 272);
  CHECK(tensor_size_bytes(DataType::kQ4, Shape{9, 33}).value() == 4 * 144);
  CHECK(tensor_size_bytes(DataType::kQ4M, Shape{16, 64}).value() == 4 * 160);
  CHECK(tensor_size_bytes(DataType::kQ4M, Shape{0, 64}).value() == 0);
  CHECK(tensor_size_bytes(DataType::kQ3, Shape{9, 33}).value() == 4 * 112);
  CHECK(tensor_size_bytes(DataType::kQ4S, Shape{9, 33}).value() == 4 * 136);
  CHECK(tensor_size_bytes(DataType::kQ2, Shape{9, 33}).value() == 4 * 76);
}

TEST_CASE("sizes that are negative, overflow, or do not fit the type are refused") {
  const std::int64_t huge = std::int64_t{1} << 40;
  CHECK_FALSE(tensor_size_bytes(DataType::kF32, Shape{-1}).has_value());
  CHECK_FALSE(tensor_size_bytes(DataType::kF32, Shape{huge + 1}).has_value());
  CHECK_FALSE(tensor_size_bytes(DataType::kF32, Shape{huge, huge}).has_value());
  CHECK_FALSE(tensor_size_bytes(DataType::kF32, Shape{huge, huge, huge, huge}).has_value());
  CHECK_FALSE(tensor_size_bytes(DataType::kF32, Shape{INT64_MIN, INT64_MIN}).has_value());
  CHECK_FALSE(tensor_size_bytes(DataType::kQ4, Shape{INT64_MAX, 32}).has_value());
  for (const Shape& shape : {Shape{}, Shape{32}, Shape{8, 32, 1}}) {
    const auto size = tensor_size_bytes(DataType::kQ4, shape);
    REQUIRE_FALSE(size.has_value());
    CHECK(size.error().message == "type q4 needs a matrix, not shape " + shape.to_string());
  }
}

TEST_CASE("shapes compare by their extents and print them") {
  CHECK(Shape{3, 4} == Shape{3, 4});
  CHECK_FALSE(Shape{3, 4} == Shape{4, 3});
  CHECK_FALSE(Shape{3} == Shape{3, 1});
  CHECK(Shape{3, 4}.to_string() == "[3, 4]");
  CHECK(Shape{}.to_string() == "[]");
  CHECK(Shape{2, 3, 4}.element_count() == 24);
  CHECK(Shape{}.element_count() == 1);
}

TEST_CASE("a tensor reference sees its elements at its offset") {
  float memory[6] = {0, 1, 2, 3, 4, 5};
  const BufferRef buffer{1, sizeof(memory), reinterpret_cast<std::byte*>(memory)};
  const TensorRef tensor{DataType::kF32, Shape{2, 2}, buffer, 8};
  REQUIRE(tensor.host_span<const float>().size() == 4);
  CHECK(tensor.host_span<const float>()[3] == 5.0f);
  CHECK_FALSE(tensor.is_empty());
  CHECK(TensorRef{}.is_empty());
}

}  // namespace tessera
