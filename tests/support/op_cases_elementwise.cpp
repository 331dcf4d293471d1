#include <string>

#include "support/op_case.h"
#include "support/reference_ops.h"

namespace tessera::testing {
namespace {

using reference::Values;

OpCaseRun make_add(CaseTensors& tensors, const Shape& shape) {
  const auto a = tensors.random().uniform(shape.element_count(), 3.0f);
  const auto b = tensors.random().uniform(shape.element_count(), 3.0f);
  const TensorRef in_place = tensors.activation(shape, a);
  const Add op{in_place, tensors.activation(shape, b), in_place};
  Values expected;
  for (std::size_t i = 0; i < a.size(); ++i) expected.push_back(double{a[i]} + double{b[i]});
  return {{op}, {{op.out, expected, 6.0, 0x1p-24, 0x1p-24}}};
}

OpCaseRun make_rms_norm(CaseTensors& tensors, const Shape& shape) {
  const auto x = tensors.random().uniform(shape.element_count(), 5.0f);
  const auto weight = tensors.random().uniform(shape[1], 2.0f);
  const RmsNorm op{tensors.activation(shape, x), tensors.vector(weight), tensors.unset(shape),
                   1e-5f};
  return {{op},
          {{op.out, reference::rms_norm(reference::widen(x), reference::widen(weight), 1e-5f), 4.0,
            1e-6, 1e-6}}};
}

constexpr double (*kFunctions[])(double) = {reference::silu, reference::gelu, reference::gelu_tanh,
                                            reference::relu};

OpCaseRun make_gated_activation(CaseTensors& tensors, const Shape& shape,
                                ActivationFunction function) {
  const auto count = shape.element_count();
  auto gate = tensors.random().uniform(count, 6.0f);
  const auto up = tensors.random().uniform(count, 2.0f);
  const float extremes[] = {0.0f, -0.0f, 200.0f, -200.0f, 1e-30f};
  for (std::size_t i = 0; i < std::min(gate.size(), std::size(extremes)); ++i) {
    gate[i] = extremes[i];
  }
  const TensorRef in_place = tensors.activation(shape, gate);
  const GatedActivation op{in_place, tensors.activation(shape, up), in_place, function};
  Values expected;
  for (std::size_t i = 0; i < gate.size(); ++i) {
    expected.push_back(kFunctions[static_cast<std::size_t>(function)](gate[i]) * up[i]);
  }
  return {{op}, {{op.out, expected, 1.0, 1e-6, 1e-6}}};
}

}  // namespace

void add_elementwise_cases(OpCases& cases) {
  for (const Shape& shape : {Shape{1, 1}, Shape{7, 31}, Shape{130, 576}}) {
    const std::string name = shape.to_string();
    const bool is_short = shape[0] == 7;
    cases.push_back(
        {"Add", name, is_short, [=](CaseTensors& tensors) { return make_add(tensors, shape); }});
    for (const auto& [function, function_name] : {std::pair{ActivationFunction::kSilu, "silu"},
                                                  {ActivationFunction::kGelu, "gelu"},
                                                  {ActivationFunction::kGeluTanh, "gelu_tanh"},
                                                  {ActivationFunction::kRelu, "relu"}}) {
      cases.push_back({"GatedActivation", std::string(function_name) + ", " + name, is_short,
                       [=, f = function](CaseTensors& tensors) {
                         return make_gated_activation(tensors, shape, f);
                       }});
    }
  }
  for (const Shape& shape : {Shape{1, 1}, Shape{7, 31}, Shape{9, 80}, Shape{2, 2048}}) {
    cases.push_back({"RmsNorm", shape.to_string(), shape[0] == 7 || shape[0] == 2,
                     [=](CaseTensors& tensors) { return make_rms_norm(tensors, shape); }});
  }
}

}  // namespace tessera::testing
