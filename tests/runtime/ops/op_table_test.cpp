// The op table on the CPU backend: the cases that run on every GPU, too.
#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <cstring>

#include "backends/cpu/cpu_backend.h"
#include "support/op_case.h"

namespace tessera {
namespace {

using testing::CaseTensors;
using testing::ExpectedTensor;
using testing::OpCase;

double value_at(const TensorRef& tensor, std::size_t index) {
  switch (tensor.type) {
    case DataType::kF32: return tensor.host_span<const float>()[index];
    case DataType::kI32: return tensor.host_span<const std::int32_t>()[index];
    default: return half_to_float(tensor.host_span<const std::uint16_t>()[index]);
  }
}

double error_as_a_whole(const ExpectedTensor& result) {
  double errors = 0.0, squares = 0.0;
  for (std::size_t i = 0; i < result.values.size(); ++i) {
    const double error = value_at(result.tensor, i) - result.values[i];
    errors += error * error;
    squares += result.values[i] * result.values[i];
  }
  return std::sqrt(errors / squares);
}

double error_of(const ExpectedTensor& result) {
  if (result.is_judged_as_a_whole) return error_as_a_whole(result);
  double worst = 0.0;
  for (std::size_t i = 0; i < result.values.size(); ++i) {
    const double expected = result.values[i];
    const double error = std::fabs(value_at(result.tensor, i) - expected) /
                         std::max(result.scale, std::fabs(expected));
    if (!(error <= worst)) worst = error;
  }
  return worst;
}

}  // namespace

TEST_CASE("every case of the op table is right on the CPU backend") {
  for (const OpCase& one : testing::op_cases()) {
    const auto backend = CpuBackend::create({.threads = 1}).value();
    CaseTensors tensors(*backend, 1);
    const auto run = one.make(tensors);
    std::vector<TensorRef> results;
    for (const ExpectedTensor& result : run.results) results.push_back(result.tensor);
    for (const Op& op : run.ops) REQUIRE(validate(op).has_value());
    const auto program = backend->prepare(run.ops, results).value();
    REQUIRE(backend->run(*program).has_value());
    INFO(one.op << ", " << one.name);
    for (const ExpectedTensor& result : run.results) CHECK(error_of(result) <= result.tolerance);
  }
}

}  // namespace tessera
