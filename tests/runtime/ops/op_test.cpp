// The closed set of ops: names, and validation through the variant.
#include <catch2/catch_test_macros.hpp>
#include <string>

#include "ops/op.h"

namespace tessera {

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
