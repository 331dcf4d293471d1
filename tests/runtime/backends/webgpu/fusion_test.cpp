// What the recorders make of ops: which go into one dispatch, and when they must not.
#include <catch2/catch_test_macros.hpp>
#include <set>
#include <string>

#include "backends/webgpu/shader_library.h"
#include "gpu/recording_backend.h"
#include "support/op_case.h"

namespace tessera {
namespace {

using testing::CaseTensors;
using testing::OpCase;
using testing::RecordingBackend;
using testing::RecordingOptions;

std::vector<webgpu::Dispatch> recorded(std::span<const Op> ops, std::span<const TensorRef> results,
                                       RecordingBackend& backend) {
  REQUIRE(backend.prepare(ops, results).has_value());
  return backend.dispatches();
}

// RmsNorm, two MatMuls, GatedActivation, MatMul, Add.
struct Mlp {
  explicit Mlp(CaseTensors& tensors, std::int64_t tokens = 1) {
    const Shape shape{tokens, 32};
    const std::vector<float> zeros(32 * 32);
    const auto bytes = testing::weight_bytes(DataType::kF32, Shape{32, 32}, zeros);
    const auto matrix = [&] { return tensors.matrix(DataType::kF32, Shape{32, 32}, bytes); };
    hidden = tensors.unset(shape);
    normed = tensors.unset(shape);
    gate = tensors.unset(shape);
    up = tensors.unset(shape);
    projected = tensors.unset(shape);
    const TensorRef weight = tensors.vector(std::vector<float>(32));
    ops = {RmsNorm{hidden, weight, normed},       MatMul{normed, matrix(), {}, gate},
           MatMul{normed, matrix(), {}, up},      GatedActivation{gate, up, gate},
           MatMul{gate, matrix(), {}, projected}, Add{hidden, projected, hidden}};
  }
  TensorRef hidden, normed, gate, up, projected;
  std::vector<Op> ops;
};

std::size_t mlp_dispatches(const std::function<std::vector<TensorRef>(const Mlp&)>& results,
                           std::int64_t tokens = 1) {
  RecordingBackend backend(RecordingOptions{});
  CaseTensors tensors(backend, 1);
  const Mlp mlp(tensors, tokens);
  return recorded(mlp.ops, results(mlp), backend).size();
}

}  // namespace

TEST_CASE("norm, gate, up and activation are one dispatch, product and residual another") {
  CHECK(mlp_dispatches([](const Mlp& mlp) { return std::vector{mlp.hidden}; }) == 2);
}

TEST_CASE("what the caller wants to read is written") {
  const auto with = [](TensorRef Mlp::* wanted) {
    return [=](const Mlp& mlp) { return std::vector{mlp.hidden, mlp.*wanted}; };
  };
  CHECK(mlp_dispatches(with(&Mlp::normed)) == 3);
  CHECK(mlp_dispatches(with(&Mlp::up)) == 3);
  CHECK(mlp_dispatches(with(&Mlp::gate)) == 2);  // the activation's result, which is left there
  CHECK(mlp_dispatches(with(&Mlp::projected)) == 3);
}

TEST_CASE("a later op's operand is written") {
  RecordingBackend backend(RecordingOptions{});
  CaseTensors tensors(backend, 1);
  Mlp mlp(tensors);
  mlp.ops.push_back(Add{mlp.hidden, mlp.normed, mlp.hidden});
  CHECK(recorded(mlp.ops, std::vector{mlp.hidden}, backend).size() == 4);
}

TEST_CASE("many tokens are multiplied in tiles, with the residual") {
  CHECK(mlp_dispatches([](const Mlp& mlp) { return std::vector{mlp.hidden}; }, 9) == 5);
}

TEST_CASE("a decoder's layer is five dispatches, one more where attention is split") {
  for (const OpCase& one : testing::op_cases()) {
    if (one.op != "Layer" || !one.name.starts_with("1 tokens")) continue;
    RecordingBackend backend(RecordingOptions{});
    CaseTensors tensors(backend, 1);
    const auto run = one.make(tensors);
    std::vector<TensorRef> results;
    for (const auto& result : run.results) results.push_back(result.tensor);
    INFO(one.name);
    const bool is_split = one.name.find("context 40") == std::string::npos &&
                          one.name.find("context 8") == std::string::npos;
    // Keys and values are packed, and sums of values turned back, in dispatches of their own.
    const bool is_packed = one.name.find("packed") != std::string::npos;
    const std::size_t expected = 5u + (is_split ? 1u : 0u) + (is_packed ? 2u : 0u);
    CHECK(recorded(run.ops, results, backend).size() == expected);
  }
}

TEST_CASE("every case's dispatches compose, and keep to the limits that every device has") {
  for (const bool fuses : {true, false}) {
    for (const OpCase& one : testing::op_cases()) {
      RecordingOptions options{.limits = {}, .fuses = fuses};
      if (one.binding_bytes_max > 0) options.limits.binding_bytes_max = one.binding_bytes_max;
      RecordingBackend backend(options);
      CaseTensors tensors(backend, 1);
      const auto run = one.make(tensors);
      INFO(one.op << ", " << one.name);
      REQUIRE(backend.prepare(run.ops, {}).has_value());
      for (const webgpu::Dispatch& dispatch : backend.dispatches()) {
        CHECK(dispatch.bindings.size() <= backend.limits().storage_buffers_max);
        CHECK(webgpu::compose(dispatch.kernel).has_value());
        for (const std::uint32_t count : dispatch.workgroups) {
          CHECK((count > 0 && count <= backend.limits().workgroups_max));
        }
        for (const auto& [name, value] : dispatch.kernel.constants) {
          CHECK(value <= backend.limits().workgroup_invocations_max);
        }
      }
    }
  }
}

TEST_CASE("a kernel's directives come first, each file once") {
  const auto text = webgpu::compose({"rms_norm", {{"reduction", "subgroup"}}, {}});
  REQUIRE(text.has_value());
  CHECK(text->starts_with("enable subgroups;\n"));
  CHECK(text->find("//") == std::string::npos);
  CHECK(text->find("#include") == std::string::npos);
  CHECK(text->find("fn read_f32") == text->rfind("fn read_f32"));
}

TEST_CASE("a kernel that names no shader says which") {
  const auto text = webgpu::compose({"rms_norm", {{"reduction", "magic"}}, {}});
  REQUIRE(!text.has_value());
  CHECK(text.error().message.find("reduction/magic.wgsl") != std::string::npos);
}

}  // namespace tessera
